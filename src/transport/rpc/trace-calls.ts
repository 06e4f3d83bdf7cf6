import type { DescMethod, DescService } from '@bufbuild/protobuf'
import { ConnectError, type HandlerContext } from '@connectrpc/connect'
import { ATTRIBUTES, SYSTEMS } from '../../tracing/names.ts'
import { parseTraceparent, TRACEPARENT } from '../../tracing/trace-context.ts'
import type { Attributes, Span, Tracing } from '../../tracing/tracing.ts'
import { CALL_SPAN, spanOf } from './call-span.ts'
import { outcome, type CallMeter } from './measure-calls.ts'

export interface TraceCallsOptions {
  /** Undefined: no call is traced. */
  readonly tracing: Tracing | undefined
  /** Services whose calls are not traced, such as probes. */
  readonly untraced: readonly DescService[]
}

const CONNECT = 'connect'
/** Codes that are a fault of the server, as OpenTelemetry's conventions for RPCs have it. Any other is the caller's. */
const FAULTS = ['unknown', 'deadline_exceeded', 'unimplemented', 'internal', 'unavailable', 'data_loss']

/** Gives each call a span, from its headers to its end, and measures it as before. */
export function traceCalls(meter: CallMeter, { tracing, untraced }: TraceCallsOptions): CallMeter {
  if (tracing === undefined) return meter
  const describe = describeMethods()
  const begin = (context: HandlerContext): Span | undefined => {
    const { service, method, protocolName, requestHeader, values } = context
    if (untraced.includes(service)) return undefined
    const sent = requestHeader.get(TRACEPARENT)
    const { name, connect, grpc } = describe(method)
    const span = tracing.begin(name, {
      kind: 'server',
      parent: sent === null ? undefined : parseTraceparent(sent),
      attributes: protocolName === CONNECT ? connect : grpc,
    })
    if (span !== undefined) values.set(CALL_SPAN, span)
    return span
  }
  return {
    ...meter,
    arrived: begin,
    began(context) {
      const span = begin(context)
      meter.began(context)
      if (span === undefined) return
      const { signal, protocolName } = context
      const onAbort = (): void => end(span, protocolName, signal.reason)
      if (signal.aborted) onAbort()
      else signal.addEventListener('abort', onAbort, { once: true })
    },
    ended(context, reason, ms) {
      meter.ended(context, reason, ms)
      const span = spanOf(context)
      if (span !== undefined) end(span, context.protocolName, reason)
    },
  }
}

function end(span: Span, protocolName: string, reason: unknown): void {
  const code = outcome(reason)
  const isConnect = protocolName === CONNECT
  if (!isConnect || code !== 'ok') span.set({ [ATTRIBUTES.rpcStatus]: isConnect ? code : grpcStatus(code) })
  if (!FAULTS.includes(code)) return span.end()
  span.set({ [ATTRIBUTES.errorType]: isConnect ? code : grpcStatus(code) })
  span.end(reason instanceof ConnectError ? reason.rawMessage : reason)
}

/** Connect's codes have gRPC's names, except that gRPC writes one of them with two L. */
function grpcStatus(code: string): string {
  return code === 'canceled' ? 'CANCELLED' : code.toUpperCase()
}

/** What all calls of a method have, created once. */
interface Described {
  readonly name: string
  readonly connect: Attributes
  readonly grpc: Attributes
}

function describeMethods(): (method: DescMethod) => Described {
  const known = new Map<DescMethod, Described>()
  return method => {
    let described = known.get(method)
    if (described === undefined) {
      const name = `${method.parent.typeName}/${method.name}`
      const of = (system: string): Attributes => ({ [ATTRIBUTES.rpcSystem]: system, [ATTRIBUTES.rpcMethod]: name })
      known.set(method, (described = { name, connect: of(SYSTEMS.connect), grpc: of(SYSTEMS.grpc) }))
    }
    return described
  }
}
