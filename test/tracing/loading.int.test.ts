import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { COUNT_PATH, postJson } from '../server/http-fixture.ts'
import { freePort } from '../support/free-port.ts'

const PATIENCE_MS = 30_000
const PROGRAMS = [
  ['server', 'src/server/main.ts', 'PORT'],
  ['processor', 'processor/main.ts', 'PROCESSOR_PORT'],
] as const
const [SERVER, PROCESSOR] = PROGRAMS
const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }
/** Wrong for Ping, and right for programs that know these values. */
const FOR_OTHERS = { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_TRACES_SAMPLER: 'xray' }
const children = new Set<ChildProcess>()

afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
})

interface Started {
  readonly url: string
  /** Ends it; resolves to everything that it printed. */
  stop(): Promise<{ printed: string; code: number | null }>
}

/** Starts a program without Postgres, Kafka and cache, which it does not need to open its port. `preload`: what `node --import` gets. */
async function start([, file, portSetting]: readonly string[], preload: string, env: Record<string, string> = {}): Promise<Started> {
  const [port, nothing] = [await freePort(), `127.0.0.1:${await freePort()}`]
  const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
  const own = {
    [portSetting!]: String(port),
    HOST: '127.0.0.1',
    DATABASE_URL: `postgres://${nothing}/ping`,
    KAFKA_BROKERS: nothing,
    REDIS_URL: `redis://${nothing}`,
  }
  const child = spawn(process.execPath, ['--import', path(`preloads/${preload}.ts`), path(`../../${file}`)], {
    env: { PATH: process.env['PATH'], ...own, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  const closed = once(child, 'close')
  await vi.waitFor(() => expect(printed).toMatch(/"port":/), PATIENCE_MS)
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGTERM')
      await closed
      return { printed, code: child.exitCode }
    },
  }
}

describe('packages of OpenTelemetry', () => {
  // prom-client loads the API for its exemplars, with or without traces.
  test.each(PROGRAMS)(
    'are not loaded by the %s without a receiver of traces, even if variables of OpenTelemetry are wrong',
    async (...program) => {
      const { printed, code } = await (await start(program, 'watch-loading', FOR_OTHERS)).stop()
      expect([printed.match(/loaded @/g), code]).toEqual([null, 0])
    },
  )

  test('are loaded if a receiver is set', async () => {
    const { printed, code } = await (await start(PROCESSOR, 'watch-loading', ENDPOINT)).stop()
    for (const name of ['api', 'sdk-trace', 'resources', 'exporter-trace-otlp-http'])
      expect(printed).toContain(`loaded @opentelemetry/${name}\n`)
    expect(printed).toContain('traces are recorded')
    expect(code).toBe(0)
  })

  test('that are not installed are named in a warning, and the program runs without traces', async () => {
    const { printed, code } = await (await start(SERVER, 'no-sdk', ENDPOINT)).stop()
    const warnings = printed.split('\n').filter(line => line.includes('no traces: '))
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(/Cannot find package '@opentelemetry\/[^']+'.*npm ci --include=optional/)
    expect([printed.includes('traces are recorded'), code]).toEqual([false, 0])
  })
})

describe("the user's own SDK", () => {
  test('gets the spans of the server, in the traces of callers, and sends the last of them at the stop', async () => {
    const server = await start(SERVER, 'own-sdk', { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })
    await postJson(server.url + COUNT_PATH, '{}', { traceparent: TRACEPARENT })
    const { printed, code } = await server.stop()
    expect(printed).toContain('span ping.v1.PingService/PingCount 00f067aa0ba902b7\n')
    expect([printed.includes('with the SDK that this process was started with'), code]).toEqual([true, 0])
  })

  test('does not keep calls from their answers if it throws at each of them, which is logged once', async () => {
    const server = await start(SERVER, 'broken-sdk')
    const statusOf = async () => (await postJson(server.url + COUNT_PATH, '{}', { traceparent: TRACEPARENT })).status
    expect([await statusOf(), await statusOf()]).toEqual([503, 503]) // there is no Postgres
    const { printed, code } = await server.stop()
    expect(printed.split('\n').filter(line => line.includes('broken SDK'))).toHaveLength(1)
    expect(code).toBe(0)
  })
})
