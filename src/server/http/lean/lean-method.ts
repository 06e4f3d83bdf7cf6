import type { DescMessage, DescMethodUnary } from '@bufbuild/protobuf'
import { MethodOptions_IdempotencyLevel as Idempotency } from '@bufbuild/protobuf/wkt'
import type { ConnectRouterOptions, createMethodImplSpec, MethodImpl } from '@connectrpc/connect'
import { createMethodSerializationLookup, createMethodUrl, validateUniversalHandlerOptions, type MethodSerializationLookup, type UniversalHandlerOptions } from '@connectrpc/connect/protocol'
import type { CallObserver } from '../../rpc/observe-calls.ts'

/** A method and its handler, in Connect's words. */
export type MethodSpec = ReturnType<typeof createMethodImplSpec>

/** A unary method as the lean way serves it. */
export interface LeanMethod {
  readonly path: string
  readonly method: DescMethodUnary
  readonly impl: MethodImpl<DescMethodUnary>
  readonly options: UniversalHandlerOptions
  readonly serialization: MethodSerializationLookup<DescMessage, DescMessage>
  /** It may be called by GET. */
  readonly takesGet: boolean
  readonly calls: CallObserver
}

/** Undefined: Connect's handlers alone can serve it, or serve it with these options. */
export function leanMethod(spec: MethodSpec, given: ConnectRouterOptions, calls: CallObserver): LeanMethod | undefined {
  const options = validateUniversalHandlerOptions(given)
  if (spec.kind !== 'unary' || given.connect === false || options.requireConnectProtocolHeader) return undefined
  const { method, impl } = spec
  return {
    path: createMethodUrl('/', method),
    method,
    impl,
    options,
    serialization: createMethodSerializationLookup(method, options.binaryOptions, options.jsonOptions, options),
    takesGet: method.idempotency === Idempotency.NO_SIDE_EFFECTS,
    calls,
  }
}
