import {
  createConnectRouter,
  createMethodImplSpec,
  createServiceImplSpec,
  type ConnectRouter,
  type ConnectRouterOptions,
} from '@connectrpc/connect'
import type { UniversalHandler } from '@connectrpc/connect/protocol'
import type { CallMeter } from '../rpc/measure-calls.ts'
import { rewriteOnAbort } from '../rpc/rewrite-on-abort.ts'
import { leanMethod, type LeanMethod, type MethodSpec } from './lean/lean-method.ts'

/** One method, on both ways. */
export interface Rpc {
  /** Serves every protocol. */
  readonly handler: UniversalHandler
  /** Serves unary Connect calls over HTTP/1.1. Undefined: the method has no lean way. */
  readonly lean: LeanMethod | undefined
}

export interface RpcTableOptions {
  /** Registers methods of any service, as on Connect's router. */
  readonly routes: (router: ConnectRouter) => void
  /** Options of every method. The options that a method is registered with override them, as in Connect. */
  readonly shared: ConnectRouterOptions
  readonly calls: CallMeter
  /** Whether unary methods get a lean way. */
  readonly lean: boolean
}

/** Registers methods with Connect's handlers and, if they are unary, on the lean way. Returns them by path. */
export function createRpcTable({ routes, shared, calls, lean }: RpcTableOptions): ReadonlyMap<string, Rpc> {
  const { requestGate } = shared
  const connect = createConnectRouter({
    ...shared,
    requestGate(context) {
      rewriteOnAbort(context)
      calls.began(context)
      return requestGate?.(context)
    },
  })
  const leanMethods = new Map<string, LeanMethod>()
  const addLean = (spec: MethodSpec, own: ConnectRouterOptions | undefined): void => {
    const made = lean ? leanMethod(spec, { ...shared, ...own }, calls) : undefined
    if (made !== undefined) leanMethods.set(made.path, made)
  }
  const router: ConnectRouter = {
    handlers: connect.handlers,
    rpc(method, impl, own) {
      connect.rpc(method, impl, own)
      addLean(createMethodImplSpec(method, impl), own)
      return router
    },
    service(service, implementation, own) {
      connect.service(service, implementation, own)
      for (const spec of Object.values(createServiceImplSpec(service, implementation).methods)) addLean(spec, own)
      return router
    },
  }
  routes(router)
  return new Map(connect.handlers.map(handler => [handler.requestPath, { handler, lean: leanMethods.get(handler.requestPath) }]))
}
