import { Code, ConnectError, createClient } from '@connectrpc/connect'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Health } from '../../src/gen/grpc/health/v1/health_pb.ts'
import { PingService } from '../../src/gen/ping/v1/ping_pb.ts'
import { UnavailableError } from '../../src/transport/errors.ts'
import { RecordingTracing, type RecordedSpan } from '../support/recording-tracing.ts'
import {
  COUNT_PATH,
  pingClient,
  PING_PATH,
  postJson,
  PROTOCOLS,
  startHttpFixture,
  transports,
  type FixtureOptions,
} from './http-fixture.ts'

const PARENT = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', isSampled: true }
const TRACEPARENT = { traceparent: `00-${PARENT.traceId}-${PARENT.spanId}-01` }
const WAYS = [
  ['the lean way', true],
  ["Connect's handlers", false],
] as const
const opened: (() => PromiseLike<void>)[] = []

afterEach(async () => {
  for (const close of opened.splice(0)) await close()
})

async function start(options: FixtureOptions = {}) {
  const tracing = new RecordingTracing()
  const fixture = await startHttpFixture({ ...options, tracing })
  opened.push(() => fixture[Symbol.asyncDispose]())
  return { ...fixture, tracing }
}

/** The spans of calls, once all have ended. */
async function ended(tracing: RecordingTracing, calls: number): Promise<readonly RecordedSpan[]> {
  await vi.waitFor(() => expect(tracing.spans.filter(({ isEnded }) => isEnded)).toHaveLength(calls), 30_000)
  return tracing.spans
}

describe.each(WAYS)('a call on %s', (_, lean) => {
  test("has a span with its method, in its caller's trace, which its ping carries on", async () => {
    const { url, tracing, recorded } = await start({ lean })
    await postJson(url + PING_PATH, '{}', TRACEPARENT)
    const [span] = await ended(tracing, 1)
    expect(span).toMatchObject({
      name: 'ping.v1.PingService/Ping',
      kind: 'server',
      parent: PARENT,
      attributes: { 'rpc.system.name': 'connectrpc', 'rpc.method': 'ping.v1.PingService/Ping' },
      error: undefined,
    })
    expect(recorded[0]!.span?.context).toEqual(span!.context)
  })

  test.each(['', 'nonsense', `${TRACEPARENT.traceparent}, ${TRACEPARENT.traceparent}`])(
    'begins a trace if its caller sends the traceparent %j',
    async traceparent => {
      const { url, tracing } = await start({ lean })
      await postJson(url + PING_PATH, '{}', { traceparent })
      expect((await ended(tracing, 1))[0]!.parent).toBeUndefined()
    },
  )

  test.each([
    ['{"pingId":"x"}', undefined, 'invalid_argument', undefined],
    ['{', undefined, 'invalid_argument', undefined],
    ['{}', new UnavailableError('no Postgres'), 'unavailable', 'no Postgres'],
    ['{}', new Error('a secret detail'), 'internal', 'internal error'],
  ])('that fails (%j, %s) has the code %s, and counts as failed only if the server is at fault', async (body, failure, code, error) => {
    const record = () => (failure === undefined ? Promise.resolve() : Promise.reject(failure))
    const { url, tracing } = await start({ lean, record })
    await postJson(url + PING_PATH, body)
    const [span] = await ended(tracing, 1)
    expect(span!.attributes).toMatchObject({ 'rpc.response.status_code': code, ...(error && { 'error.type': code }) })
    expect(span!.error).toBe(error)
  })

  test('that fails unexpectedly is logged with its trace', async () => {
    const { url, tracing, logged } = await start({ lean, record: () => Promise.reject(new Error('a bug')) })
    await postJson(url + PING_PATH, '{}', TRACEPARENT)
    const [span] = await ended(tracing, 1)
    const { traceId: trace_id, spanId: span_id } = span!.context
    for (const msg of ['call failed', 'call ended']) expect(logged).toContainEqual(expect.objectContaining({ msg, trace_id, span_id }))
  })

  test("that is not traced is logged with its caller's trace, if there is one", async () => {
    await using fixture = await startHttpFixture({ lean, record: () => Promise.reject(new Error('a bug')) })
    await postJson(fixture.url + PING_PATH, '{}', TRACEPARENT)
    await postJson(fixture.url + PING_PATH, '{}')
    const failed = fixture.logged.filter(({ msg }) => msg === 'call failed')
    expect(failed.map(({ trace_id, span_id }) => [trace_id, span_id])).toEqual([
      [PARENT.traceId, PARENT.spanId],
      [undefined, undefined],
    ])
  })

  test('for a count says where the count came from', async () => {
    const { url, tracing } = await start({ lean })
    await postJson(url + COUNT_PATH, '{}')
    expect((await ended(tracing, 1))[0]!.attributes['ping.count.source']).toBe('cache')
  })
})

describe('a span of a call', () => {
  test.each(PROTOCOLS)('has the names that the conventions give %s', async protocol => {
    const { url, tracing } = await start()
    const client = pingClient({ url }, protocol)
    await client.pingCount({}, { headers: TRACEPARENT })
    await client.ping({ pingId: 'x' }).catch((error: unknown) => expect(ConnectError.from(error).code).toBe(Code.InvalidArgument))
    const [count, ping] = await ended(tracing, 2)
    const isGrpc = protocol.startsWith('gRPC')
    expect(count).toMatchObject({ name: 'ping.v1.PingService/PingCount', parent: PARENT })
    expect(count!.attributes['rpc.system.name']).toBe(isGrpc ? 'grpc' : 'connectrpc')
    expect(count!.attributes['rpc.response.status_code']).toBe(isGrpc ? 'OK' : undefined)
    expect(ping!.attributes['rpc.response.status_code']).toBe(isGrpc ? 'INVALID_ARGUMENT' : 'invalid_argument')
  })

  test('lasts as long as its stream, and is carried on by the pings of each message', async () => {
    const { url, tracing, recorded } = await start()
    const client = createClient(PingService, transports(url)['gRPC']!)
    let more = (): void => undefined
    const second = new Promise<void>(resolve => (more = resolve))
    const requests = async function* () {
      yield { pings: [{}] }
      await second
      yield { pings: [{}] }
    }
    for await (const { results } of client.pingStream(requests(), { headers: TRACEPARENT })) {
      expect(results).toHaveLength(1)
      if (recorded.length === 1)
        expect(tracing.spans.map(({ name, isEnded }) => [name, isEnded])).toEqual([['ping.v1.PingService/PingStream', false]])
      more()
    }
    const [stream] = await ended(tracing, 1)
    expect(stream).toMatchObject({ parent: PARENT, attributes: { 'rpc.response.status_code': 'OK' }, error: undefined })
    expect(recorded.map(({ span }) => span?.context)).toEqual([stream!.context, stream!.context])
  })

  test('is not created for a probe', async () => {
    const { url, tracing } = await start()
    const transport = transports(url)['gRPC']!
    await createClient(Health, transport).check({ service: '' })
    await createClient(PingService, transport).pingCount({})
    expect((await ended(tracing, 1)).map(({ name }) => name)).toEqual(['ping.v1.PingService/PingCount'])
  })
})
