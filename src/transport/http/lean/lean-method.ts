import type { DescMethodUnary } from '@bufbuild/protobuf'
import { MethodOptions_IdempotencyLevel as Idempotency } from '@bufbuild/protobuf/wkt'
import type { ConnectRouterOptions, createMethodImplSpec, MethodImpl } from '@connectrpc/connect'
import { createMethodUrl, validateUniversalHandlerOptions, type UniversalHandlerOptions } from '@connectrpc/connect/protocol'
import type { CallMeter } from '../../rpc/measure-calls.ts'
import { messageFormats, type MessageFormat } from './message-format.ts'

/** A method and its handler, as Connect has them. */
export type MethodSpec = ReturnType<typeof createMethodImplSpec>

/** A unary method as the lean way serves it. */
export interface LeanMethod {
  readonly path: string
  readonly method: DescMethodUnary
  readonly impl: MethodImpl<DescMethodUnary>
  readonly options: UniversalHandlerOptions
  /** How its messages are read and written. */
  readonly format: (isBinary: boolean) => MessageFormat
  /** Whether it can be called by GET. */
  readonly takesGet: boolean
  readonly calls: CallMeter
}

/** Undefined: only Connect's handlers can serve the method, or serve it with these options. */
export function leanMethod(spec: MethodSpec, given: ConnectRouterOptions, calls: CallMeter): LeanMethod | undefined {
  const options = validateUniversalHandlerOptions(given)
  if (spec.kind !== 'unary' || given.connect === false || options.requireConnectProtocolHeader) return undefined
  const { method, impl } = spec
  const { json, binary } = messageFormats(method, options)
  return {
    path: createMethodUrl('/', method),
    method,
    impl,
    options,
    format: isBinary => (isBinary ? binary : json),
    takesGet: method.idempotency === Idempotency.NO_SIDE_EFFECTS,
    calls,
  }
}
