import { pino } from 'pino'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { readSettings, type Environment } from '../../src/runtime/settings.ts'
import { tracingSettings } from '../../src/tracing/settings.ts'
import { startTracing } from '../../src/tracing/start-tracing.ts'
import type { Tracing } from '../../src/tracing/tracing.ts'
import { startOtlpReceiver, type OtlpReceiver } from '../support/otlp-receiver.ts'

const CALLER = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', isSampled: true }
const SECRET = 'Bearer-of-secrets'
/** What a program waits at most for its last spans. */
const LAST_SPANS_MS = 3_000
const opened: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close()
})

async function receiver(): Promise<OtlpReceiver> {
  const started = await startOtlpReceiver()
  opened.push(() => started.stop())
  return started
}

/** Tracing with a receiver, and the lines that it logs. */
async function tracingWith(env: Environment): Promise<{ tracing: Tracing; lines: string[] }> {
  const lines: string[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) })
  const tracing = await startTracing(readSettings(tracingSettings, env), { service: 'ping-server', log })
  opened.push(async () => tracing?.stop())
  return { tracing: tracing!, lines }
}

describe('a receiver of traces', { timeout: 180_000 }, () => {
  test('gets the spans by OTLP over HTTP, with their parents, links, kinds, times, attributes and failures', async () => {
    const got = await receiver()
    const { tracing } = await tracingWith({ OTEL_EXPORTER_OTLP_ENDPOINT: got.endpoint })
    const call = tracing.begin('call', { kind: 'server', parent: CALLER, attributes: { 'ping.count': 3n } })!
    const part = call.begin('part', { kind: 'client', links: [CALLER], startMs: 1_000.25 })!
    part.set({ 'ping.lane': 7 })
    part.end(new Error('no answer'))
    part.end()
    call.link(part.context)
    call.end()
    await tracing.stop()
    expect(got.requests.map(({ path }) => path)).toEqual(['/v1/traces'])
    const { traceId } = CALLER
    expect(got.spans).toMatchObject([
      {
        service: 'ping-server',
        name: 'part',
        kind: 3,
        traceId,
        parentSpanId: call.context.spanId,
        links: [{ traceId, spanId: CALLER.spanId }],
        attributes: { 'ping.lane': 7 },
        error: 'no answer',
        startMs: 1_000.25,
      },
      {
        name: 'call',
        kind: 2,
        traceId,
        parentSpanId: CALLER.spanId,
        links: [{ spanId: part.context.spanId }],
        attributes: { 'ping.count': 3 },
      },
    ])
    expect(got.spans[1]!.error).toBeUndefined()
  })

  test('gets the names, attributes, headers and compression that the settings give', async () => {
    const got = await receiver()
    const { tracing, lines } = await tracingWith({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${got.endpoint}/own/path?key=${SECRET}`,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=${SECRET}%21,x-first=1`,
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-first=2',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_SERVICE_NAME: 'my-ping',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=other,deployment.environment.name=a%20b',
    })
    tracing.begin('call', { kind: 'server' })!.end()
    await tracing.stop()
    expect(got.spans[0]).toMatchObject({ service: 'my-ping', resource: { 'deployment.environment.name': 'a b' } })
    expect(got.requests[0]!.path).toBe(`/own/path?key=${SECRET}`)
    expect(got.requests[0]!.headers).toMatchObject({ authorization: `${SECRET}!`, 'x-first': '2', 'content-encoding': 'gzip' })
    expect(lines.join()).toContain(`${got.endpoint}/own/path`)
    expect(lines.join()).not.toContain(SECRET)
  })

  test('that refuses spans is reported once, and again when it takes them; its key is not logged', async () => {
    const got = await receiver()
    const { tracing, lines } = await tracingWith({
      OTEL_EXPORTER_OTLP_ENDPOINT: got.endpoint,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=${SECRET}`,
      OTEL_BSP_SCHEDULE_DELAY: '1',
    })
    const warnings = () => lines.filter(line => line.includes('"level":40'))
    got.answer(401)
    for (let request = 1; request <= 3; request++) {
      tracing.begin('call', { kind: 'server' })!.end()
      await vi.waitFor(() => expect(got.requests).toHaveLength(request), 20_000)
      await vi.waitFor(() => expect(lines.filter(line => line.includes('HTTP status 401'))).toHaveLength(request), 20_000)
    }
    expect(warnings()).toHaveLength(1)
    expect(warnings()[0]).toContain('traces: the receiver does not take spans')
    got.answer(200)
    tracing.begin('call', { kind: 'server' })!.end()
    await vi.waitFor(() => expect(lines.at(-1)).toContain('"lost":3'), 20_000)
    expect(lines.join()).not.toContain(SECRET)
  })

  test('gets no more spans than the queue takes at once; how many were dropped is logged', async () => {
    const got = await receiver()
    const limits = { OTEL_BSP_MAX_QUEUE_SIZE: '10', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '10' }
    const { tracing, lines } = await tracingWith({ OTEL_EXPORTER_OTLP_ENDPOINT: got.endpoint, OTEL_TRACES_SAMPLER: 'always_on', ...limits })
    for (let call = 1; call <= 100; call++) tracing.begin('call', { kind: 'server' })!.end()
    await tracing.stop()
    const dropped = lines.flatMap(line => (JSON.parse(line) as { dropped?: number }).dropped ?? [])
    expect(dropped).toEqual([1, 79])
    expect(got.spans).toHaveLength(20)
  })

  test('that is down delays neither work nor the stop beyond a few seconds', async () => {
    const { tracing, lines } = await tracingWith({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_EXPORTER_OTLP_TIMEOUT: '500' })
    tracing.begin('call', { kind: 'server' })!.end()
    const beganMs = performance.now()
    await tracing.stop()
    expect(performance.now() - beganMs).toBeLessThan(10 * LAST_SPANS_MS)
    expect(lines.filter(line => line.includes('"level":40'))).toHaveLength(1)
  })
})
