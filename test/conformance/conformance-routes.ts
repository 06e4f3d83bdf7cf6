import { setTimeout as delay } from 'node:timers/promises'
import {
  create,
  createRegistry,
  type DescMessage,
  type JsonReadOptions,
  type JsonWriteOptions,
  type Message,
  type MessageShape,
} from '@bufbuild/protobuf'
import { anyPack, type Any } from '@bufbuild/protobuf/wkt'
import { ConnectError, type ConnectRouter, type HandlerContext } from '@connectrpc/connect'
import { withinDeadline } from '../../src/transport/rpc/deadline.ts'
import { jsonReading } from '../../src/transport/rpc/json-reading.ts'
import {
  BidiStreamRequestSchema,
  ClientStreamRequestSchema,
  ConformancePayload_RequestInfoSchema,
  ConformanceService,
  file_connectrpc_conformance_v1_service,
  IdempotentUnaryRequestSchema,
  ServerStreamRequestSchema,
  UnaryRequestSchema,
  type BidiStreamRequest,
  type ClientStreamRequest,
  type ConformancePayload_RequestInfo as RequestInfo,
  type Error as WantedError,
  type Header,
  type StreamResponseDefinition,
  type UnaryResponseDefinition,
} from './gen/connectrpc/conformance/v1/service_pb.ts'

/** An answer: the requested data, and in the first answer a description of the call. */
interface Payload {
  readonly data?: Uint8Array
  readonly requestInfo?: RequestInfo
}

/** The types of messages that are echoed in an Any, and of error details. */
const registry = createRegistry(file_connectrpc_conformance_v1_service)

/** ns of each unit of the header grpc-timeout. */
const UNIT_NS: Readonly<Record<string, bigint>> = {
  H: 3_600_000_000_000n,
  M: 60_000_000_000n,
  S: 1_000_000_000n,
  m: 1_000_000n,
  u: 1_000n,
  n: 1n,
}

/** The service that Connect's suite calls, with the JSON reading and the deadlines of Ping's own methods. */
export function conformanceRoutes(router: ConnectRouter): void {
  const { unary, idempotentUnary, serverStream, clientStream, bidiStream } = ConformanceService.method
  router.rpc(unary, (request, context) => unaryAnswer(UnaryRequestSchema, request, context), reading(unary.input))
  router.rpc(
    idempotentUnary,
    (request, context) => unaryAnswer(IdempotentUnaryRequestSchema, request, context),
    reading(idempotentUnary.input),
  )
  router.rpc(
    serverStream,
    (request, context) => streamed(request.responseDefinition, context, [anyPack(ServerStreamRequestSchema, request)]),
    reading(serverStream.input),
  )
  router.rpc(clientStream, clientStreamAnswer, reading(clientStream.input))
  router.rpc(bidiStream, bidiAnswers, reading(bidiStream.input))
}

function reading(input: DescMessage): { jsonOptions: Partial<JsonReadOptions & JsonWriteOptions> } {
  return { jsonOptions: { ...jsonReading(input).jsonOptions, registry } }
}

type UnarySchema = typeof UnaryRequestSchema | typeof IdempotentUnaryRequestSchema

function unaryAnswer<Schema extends UnarySchema>(
  schema: Schema,
  request: MessageShape<Schema>,
  context: HandlerContext,
): Promise<{ payload: Payload }> {
  return withinDeadline(context, () =>
    oneAnswer(request.responseDefinition, context, [anyPack(schema, request as Message as MessageShape<Schema>)]),
  )
}

async function clientStreamAnswer(requests: AsyncIterable<ClientStreamRequest>, context: HandlerContext): Promise<{ payload: Payload }> {
  const seen: ClientStreamRequest[] = []
  for await (const request of requests) seen.push(request)
  return oneAnswer(
    seen[0]?.responseDefinition,
    context,
    seen.map(request => anyPack(ClientStreamRequestSchema, request)),
  )
}

async function oneAnswer(
  wanted: UnaryResponseDefinition | undefined,
  context: HandlerContext,
  requests: Any[],
): Promise<{ payload: Payload }> {
  const requestInfo = infoOf(context, requests)
  if (wanted === undefined) return { payload: { requestInfo } }
  setHeaders(wanted, context)
  await delay(wanted.responseDelayMs)
  const { response } = wanted
  if (response.case === 'error') throw errorOf(response.value, requestInfo)
  return { payload: { requestInfo, ...(response.case === 'responseData' && { data: response.value }) } }
}

async function* bidiAnswers(requests: AsyncIterable<BidiStreamRequest>, context: HandlerContext): AsyncGenerator<{ payload: Payload }> {
  let first: BidiStreamRequest | undefined
  let seen: Any[] = []
  let answered = 0
  for await (const request of requests) {
    first ??= request
    seen.push(anyPack(BidiStreamRequestSchema, request))
    if (!first.fullDuplex) continue
    const { responseDefinition: wanted } = first
    const data = wanted?.responseData[answered]
    if (wanted === undefined || data === undefined) break
    if (answered === 0) setHeaders(wanted, context)
    await delay(wanted.responseDelayMs)
    const requestInfo = answered === 0 ? infoOf(context, seen) : create(ConformancePayload_RequestInfoSchema, { requests: seen })
    yield { payload: { data, requestInfo } }
    answered++
    seen = []
  }
  yield* streamed(first?.responseDefinition, context, seen, answered)
}

/** The requested answers from index `answered` on, and the error after them. */
async function* streamed(
  wanted: StreamResponseDefinition | undefined,
  context: HandlerContext,
  requests: Any[],
  answered = 0,
): AsyncGenerator<{ payload: Payload }> {
  if (wanted === undefined) return
  if (answered === 0) setHeaders(wanted, context)
  for (const [index, data] of wanted.responseData.entries()) {
    if (index < answered) continue
    await delay(wanted.responseDelayMs)
    yield { payload: index === 0 ? { data, requestInfo: infoOf(context, requests) } : { data } }
  }
  if (wanted.error === undefined) return
  const isFirst = answered === 0 && wanted.responseData.length === 0
  throw errorOf(wanted.error, isFirst ? infoOf(context, requests) : undefined)
}

function errorOf({ code, message, details }: WantedError, info: RequestInfo | undefined): ConnectError {
  const error = new ConnectError(message ?? '', code || undefined)
  error.details = details.map(({ typeUrl, value }) => ({ type: typeUrl.slice(typeUrl.lastIndexOf('/') + 1), value }))
  if (info !== undefined) error.details.push({ desc: ConformancePayload_RequestInfoSchema, value: info })
  return error
}

function infoOf(context: HandlerContext, requests: Any[]): RequestInfo {
  const timeoutMs = context.timeoutMs() === undefined ? undefined : sentTimeoutMs(context.requestHeader)
  return create(ConformancePayload_RequestInfoSchema, {
    requestHeaders: listed(context.requestHeader),
    requests,
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(context.requestMethod === 'GET' && { connectGetInfo: { queryParams: listed(new URL(context.url).searchParams) } }),
  })
}

/** The time-out that the caller sent. The rest of it varies too much on a busy machine. */
function sentTimeoutMs(header: Headers): bigint {
  const [, number = '0', unit = 'm'] = /^(\d+)([HMSmun]?)$/.exec(header.get('connect-timeout-ms') ?? header.get('grpc-timeout') ?? '') ?? []
  return (BigInt(number) * (UNIT_NS[unit] ?? 1_000_000n)) / 1_000_000n
}

function listed(pairs: Iterable<[string, string]>): Pick<Header, 'name' | 'value'>[] {
  return [...pairs].map(([name, value]) => ({ name, value: [value] }))
}

function setHeaders(
  { responseHeaders, responseTrailers }: UnaryResponseDefinition | StreamResponseDefinition,
  context: HandlerContext,
): void {
  for (const [target, headers] of [
    [context.responseHeader, responseHeaders],
    [context.responseTrailer, responseTrailers],
  ] as const) {
    for (const { name, value } of headers) for (const one of value) target.append(name, one)
  }
}
