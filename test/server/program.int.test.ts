import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createClient } from '@connectrpc/connect'
import { createGrpcTransport } from '@connectrpc/connect-node'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Health, HealthCheckResponse_ServingStatus } from '../../src/gen/grpc/health/v1/health_pb.ts'
import { createPostgresClient } from '../../src/runtime/postgres-client.ts'
import { thoroughly } from '../support/depth.ts'
import { freePort } from '../support/free-port.ts'
import { startPostgres, testDatabase, type TestDatabase } from '../support/postgres.ts'
import { COUNT_PATH, PING_PATH, postJson, run } from './http-fixture.ts'

const POLL = { timeout: 60_000 }
const TEST_LIMIT_MS = 300_000
const MAIN = fileURLToPath(new URL('../../src/server/main.ts', import.meta.url))

interface ServerProcess {
  readonly url: string
  readonly lines: Record<string, unknown>[]
  /** Exit code, once the program has ended. */
  readonly ended: Promise<number | null>
  kill(signal: NodeJS.Signals): void
}

const running = new Set<ServerProcess>()
let database: TestDatabase

beforeEach(async () => {
  database = await testDatabase()
})
afterEach(async () => {
  for (const server of running) server.kill('SIGKILL')
  await Promise.all([...running].map(server => server.ended))
  running.clear()
  await database.drop()
})

/** Starts the program, with Kafka and the cache unreachable unless `env` says otherwise. */
async function startProgram(env: Record<string, string> = {}, args: readonly string[] = []): Promise<ServerProcess> {
  const port = await freePort()
  const unreachable = `127.0.0.1:${await freePort()}`
  const own = {
    PORT: String(port),
    HOST: '127.0.0.1',
    DATABASE_URL: database.url,
    KAFKA_BROKERS: unreachable,
    REDIS_URL: `redis://${unreachable}`,
  }
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env['PATH'], ...own, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: Record<string, unknown>[] = []
  createInterface(child.stdout).on('line', line => lines.push(JSON.parse(line)))
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  const server = { url: `http://127.0.0.1:${port}`, lines, ended, kill: (signal: NodeJS.Signals) => void child.kill(signal) }
  running.add(server)
  return server
}

const messages = (server: ServerProcess): string => server.lines.map(line => String(line['msg'])).join('\n')
const readyStatus = (server: ServerProcess): Promise<number | undefined> =>
  fetch(`${server.url}/readyz`).then(
    ({ status }) => status,
    () => undefined,
  )
const becomesReady = (server: ServerProcess) => expect.poll(() => readyStatus(server), POLL).toBe(200)
const logs = (server: ServerProcess, text: string) => expect.poll(() => messages(server), POLL).toContain(text)
const rows = async (query: string): Promise<Record<string, unknown>[]> => {
  const client = createPostgresClient(database.config)
  await client.connect()
  try {
    return (await client.query(query)).rows
  } finally {
    await client.end()
  }
}

describe('the server program', { timeout: TEST_LIMIT_MS }, () => {
  test('records and counts while Kafka and the cache are down', async () => {
    const server = await startProgram()
    await becomesReady(server)
    const id = '01890a5d-ac96-774b-bcce-b302099a8057'
    for (let sent = 0; sent < 3; sent++)
      expect((await postJson(server.url + PING_PATH, `{"pingId":"${id}","timestampMs":5}`)).status).toBe(200)
    expect((await postJson(server.url + PING_PATH, '{}')).status).toBe(200)
    const other = await postJson(server.url + PING_PATH, `{"pingId":"${id}","timestampMs":6}`)
    expect(other.json['code']).toBe('already_exists')
    const count = await postJson(server.url + COUNT_PATH, '{}')
    expect([count.json, count.headers.get('ping-count-source')]).toEqual([{ pingCount: '2' }, 'database'])
    const range = await postJson(server.url + COUNT_PATH, '{"timeRange":{"start":5,"end":6},"consistency":"CONSISTENCY_STRONG"}')
    expect(range.json).toEqual({ pingCount: '1' })
    expect(await rows('select count(*)::int as pings from pings')).toEqual([{ pings: 2 }])
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    expect(metrics).toMatch(/^ping_acked_total 4$/m)
  })

  test('waits for Postgres at its start, says so, and accepts pings once Postgres is up', async () => {
    const postgres = await startPostgres()
    try {
      await postgres.kill9()
      const server = await startProgram({ DATABASE_URL: postgres.url })
      await logs(server, 'set up the database: failed, trying again')
      expect(await readyStatus(server)).toBe(503)
      expect((await fetch(`${server.url}/livez`)).status).toBe(200)
      const early = await postJson(server.url + PING_PATH, '{}')
      expect([early.status, early.json['code']]).toEqual([503, 'unavailable'])
      expect(early.json['message']).toBe('the server is starting and waiting for Postgres; try again with the same ping_id')
      await postgres.restart()
      await becomesReady(server)
      expect((await postJson(server.url + PING_PATH, '{}')).status).toBe(200)
      await logs(server, 'set up the database: succeeded')
    } finally {
      await postgres.stop()
    }
  })

  test('stays ready while Postgres is down, because it still answers; a metric and the log report it', async () => {
    const postgres = await startPostgres()
    try {
      const server = await startProgram({ DATABASE_URL: postgres.url, ANSWER_WITHIN_MS: '500' })
      await becomesReady(server)
      const health = createClient(Health, createGrpcTransport({ baseUrl: server.url }))
      const postgresUp = async () => /^ping_postgres_up (\d)$/m.exec(await (await fetch(`${server.url}/metrics`)).text())?.[1]
      expect(await postgresUp()).toBe('1')
      await postgres.kill9()
      await expect.poll(postgresUp, POLL).toBe('0')
      await logs(server, 'Postgres does not answer or is not accepting writes')
      expect(await readyStatus(server)).toBe(200)
      expect((await health.check({})).status).toBe(HealthCheckResponse_ServingStatus.SERVING)
      const whileDown = await postJson(server.url + PING_PATH, '{}')
      expect(whileDown.json['code']).toBe('unavailable')
      await postgres.restart()
      await expect.poll(postgresUp, POLL).toBe('1')
      await logs(server, 'Postgres is accepting writes again')
      await expect.poll(async () => (await postJson(server.url + PING_PATH, '{}')).status, POLL).toBe(200)
    } finally {
      await postgres.stop()
    }
  })

  test('drains on SIGTERM: accepted pings are recorded and answered, and the exit code is 0', async () => {
    const server = await startProgram()
    await becomesReady(server)
    let acked = 0
    const answers: number[] = []
    const clients = Array.from({ length: 8 }, async () => {
      for (;;) {
        const answer = await postJson(server.url + PING_PATH, '{}').catch(() => undefined)
        if (answer === undefined) return
        answers.push(answer.status)
        if (answer.status === 200) acked++
      }
    })
    await expect.poll(() => acked, POLL).toBeGreaterThan(100)
    server.kill('SIGTERM')
    expect(await server.ended).toBe(0)
    await Promise.all(clients)
    expect(new Set(answers)).toEqual(new Set([200]))
    expect(await rows('select count(*)::int as pings from pings')).toEqual([{ pings: acked }])
    await logs(server, 'stopped')
  })

  test('still serves after SIGTERM, but is not ready, for as long as NOT_READY_MS says', async () => {
    let answers: readonly (number | undefined)[] = []
    // If this process stands still for as long as that, it finds a closed port: then with more time.
    for (const notReadyMs of [1_500, 6_000, 24_000]) {
      const server = await startProgram({ NOT_READY_MS: String(notReadyMs) })
      await becomesReady(server)
      server.kill('SIGTERM')
      let status: number | undefined
      await expect.poll(async () => (status = await readyStatus(server)), POLL).not.toBe(200)
      const served = await postJson(server.url + PING_PATH, '{}').catch(() => undefined)
      expect(await server.ended).toBe(0)
      answers = [status, served?.status]
      if (!answers.includes(undefined)) break
    }
    expect(answers).toEqual([503, 200])
  })

  test('stops on a signal while it waits for Postgres', async () => {
    const server = await startProgram({ DATABASE_URL: `postgres://postgres@127.0.0.1:${await freePort()}/none` })
    await logs(server, 'trying again')
    server.kill('SIGTERM')
    expect(await server.ended).toBe(0)
  })

  test('sets up the database and exits, with --migrate-only', async () => {
    const server = await startProgram({ LANES: '5' }, ['--migrate-only'])
    expect(await server.ended).toBe(0)
    expect(await rows('select count(*)::int as lanes from ping_lanes')).toEqual([{ lanes: 5 }])
    expect(messages(server)).toContain('the database is set up')
  })

  // At both depths ledger/drop-in has the error, and "reports all wrong settings at once" the exit code.
  thoroughly(test)('does not start with fewer lanes than the database has', async () => {
    await (
      await startProgram({ LANES: '5' }, ['--migrate-only'])
    ).ended
    const server = await startProgram({ LANES: '4' })
    expect(await server.ended).toBe(78)
    expect(messages(server)).toMatch(/LANES: got 4, expected at least 5/)
  })

  // At both depths processor/program.
  thoroughly(test)('rejects unknown arguments', async () => {
    const stderr = 'argument: got "--migrate", expected --migrate-only, --help or nothing\n'
    expect(await run(process.execPath, [MAIN, '--migrate'])).toEqual({ code: 2, stdout: '', stderr })
  })

  test('prints how to call it, with --help', async () => {
    const { code, stdout, stderr } = await run(process.execPath, [MAIN, '--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(
      /^node src\/server\/main\.ts +run the server\nnode src\/server\/main\.ts --migrate-only +set up the database and exit\nnode src\/server\/main\.ts --help +print this\n$/,
    )
  })

  test('reports all wrong settings at once and does not start', async () => {
    const server = await startProgram({ PORT: 'x', LANES: '0', CORS_ORIGINS: 'example.org' })
    expect(await server.ended).toBe(78)
    const said = messages(server)
    expect(said).toMatch(/PORT: got "x", expected an integer/)
    expect(said).toMatch(/LANES: got "0", expected an integer/)
    expect(said).toMatch(/CORS_ORIGINS: got "example.org", expected \*/)
  })

  test('reports a port that is in use, and the setting that changes it', async () => {
    const first = await startProgram()
    await becomesReady(first)
    const second = await startProgram({ PORT: new URL(first.url).port })
    expect(await second.ended).toBe(1)
    expect(messages(second)).toMatch(/PORT: got \d+, which is in use, expected a free port/)
  })
})
