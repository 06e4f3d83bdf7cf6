import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createClient, type Transport } from '@connectrpc/connect'
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport, Http2SessionManager } from '@connectrpc/connect-node'
import { Redis } from 'ioredis'
import { v4, v7 } from 'uuid'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PingService } from '../../src/gen/ping/v1/ping_pb.ts'
import { PingCaller } from '../support/call-ping.ts'
import { i3Gaps, i4Cache, withDatabase } from '../support/checker.ts'
import { readTotal } from '../support/count-watch.ts'
import { atDepth } from '../support/depth.ts'
import { kafkaKinds } from '../support/kafka.ts'
import { shellEnvironment } from '../support/printed-lines.ts'
import { keepLogsOnFailure, until } from '../support/programs.ts'
import { usualCache } from '../support/redis.ts'
import { sideBySide } from '../support/side-by-side.ts'
import { startPing, type WholePing } from '../support/whole-ping.ts'

const CLI = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts')
const LANES = 16
/** What is promised. A machine that is busy with something else may be BUSY_MACHINE times slower. */
const COUNTED_WITHIN_MS = 2_000
const HEALED_WITHIN_MS = 3_000
const BUSY_MACHINE = 15
const LIMIT_MS = 30_000
const TEST_LIMIT_MS = 10 * LIMIT_MS
const run = promisify(execFile)

keepLogsOnFailure()

/** The parts of `npm start`, which every machine has, and those of production, as far as this machine has them. */
const ALL_STACKS = kafkaKinds().map(kafka => ({ kafka, cache: kafka === 'Apache Kafka' ? usualCache() : ('the stand-in' as const) }))
/** Normally only the latter: test/local/whole.e2e.test.ts pings and counts with the former. */
const STACKS = atDepth({ normally: ALL_STACKS.slice(-1), thoroughly: ALL_STACKS })

const title = ({ kafka, cache }: (typeof STACKS)[number]) => `the whole of Ping: two servers, a processor, Postgres, ${kafka} and ${cache}`

sideBySide(STACKS, title, stack => {
  const caller = new PingCaller()
  let ping: WholePing
  let cache: Redis
  const closers: (() => void)[] = []

  beforeAll(async () => {
    ping = await startPing({ servers: 2, ...stack })
    cache = new Redis(ping.place.redisUrl)
  })
  afterAll(async () => {
    for (const close of closers) close()
    cache.disconnect()
    caller.close()
    await ping.stop()
  })

  const counted = async (number = 0) => {
    const sample = await readTotal(caller, ping.servers[number]!, false)
    if (!sample) throw new Error('the server did not answer with a count')
    return sample
  }
  const recorded = () =>
    withDatabase(ping.place.databaseUrl, async client => Number((await client.query('select count(*) from pings')).rows[0].count))

  /** One client of each protocol to a server, each on its own connections. */
  function clientsOf(baseUrl: string) {
    const sessionManager = new Http2SessionManager(baseUrl)
    closers.push(() => sessionManager.abort())
    const transports: readonly Transport[] = [
      createConnectTransport({ baseUrl, httpVersion: '1.1' }),
      createConnectTransport({ baseUrl, httpVersion: '2', useBinaryFormat: true, sessionManager }),
      createGrpcTransport({ baseUrl, sessionManager }),
      createGrpcWebTransport({ baseUrl, httpVersion: '1.1' }),
    ]
    return transports.map(transport => createClient(PingService, transport))
  }

  const cli = async (...args: readonly string[]) => (await run(process.execPath, [CLI, ...args, '--address', ping.servers[0]!.url])).stdout

  const curl = (times: number) =>
    run('curl', ['-sSf', '--json', '{}', `${ping.servers[1]!.url}/ping.v1.PingService/Ping?[1-${times}]`], {
      env: shellEnvironment(),
    }).then(({ stdout }) => expect(stdout).toBe('{}'.repeat(times)))

  /** Waits until the cache serves a count of `expected`; resolves with the ms that it took. */
  async function untilCounted(expected: number, number = 0): Promise<number> {
    const isCounted = async () => {
      const { count, source } = await counted(number)
      return source === 'cache' && count >= expected
    }
    const tookMs = await until(`${expected} counted`, isCounted, COUNTED_WITHIN_MS * BUSY_MACHINE)
    expect((await counted(number)).count).toBe(expected)
    return tookMs
  }

  test('every ping by curl, pingcli, gRPC and gRPC-Web is counted', { timeout: TEST_LIMIT_MS }, async () => {
    const before = await recorded() // none, unless it runs once more
    await untilCounted(before)
    const took: string[] = []
    const measure = async (name: string, total: number, send: () => Promise<unknown>) => {
      await send()
      took.push(`${name} ${Math.round(await untilCounted(before + total))} ms`)
    }
    const [, , grpc, grpcWeb] = clientsOf(ping.servers[0]!.url)
    await measure('curl', 40, () => curl(40))
    await measure('pingcli', 80, () => cli('ping', '-n', '40'))
    await measure('pingcli grpc', 120, () => cli('ping', '-n', '40', '--protocol', 'grpc'))
    await measure('pingcli grpc-web', 160, () => cli('ping', '-n', '40', '--protocol', 'grpc-web'))
    await measure('gRPC', 200, () => Promise.all(Array.from({ length: 40 }, () => grpc!.ping({}))))
    await measure('gRPC-Web', 240, () => Promise.all(Array.from({ length: 40 }, () => grpcWeb!.ping({}))))
    await measure('all at once', 400, () =>
      Promise.all([
        curl(40),
        cli('ping', '-n', '40', '--protocol', 'grpc'),
        ...Array.from({ length: 40 }, () => [grpc!.ping({}), grpcWeb!.ping({})]).flat(),
      ]),
    )
    expect(JSON.parse(await cli('count', '--json'))).toMatchObject({ count: before + 400 })
    process.stdout.write(`from the last ack to the count (promised: ${COUNTED_WITHIN_MS} ms): ${took.join(', ')}\n`)
  })

  test('HGETALL ping:counters returns the promised fields, and nothing else', { timeout: TEST_LIMIT_MS }, async () => {
    const { databaseUrl, redisUrl } = ping.place
    expect((await i4Cache(databaseUrl, redisUrl, HEALED_WITHIN_MS * BUSY_MACHINE)).violations).toEqual([])
    const hash = await cache.hgetall('ping:counters')
    const lanes = Array.from({ length: LANES }, (_, lane) => [`applied:${lane}`, `asof:${lane}`]).flat()
    const minutes = Object.keys(hash).filter(field => field.startsWith('minute:'))
    expect(Object.keys(hash).toSorted()).toEqual([...lanes, ...minutes, 'minutes-from', 'minutes-to', 'total'].toSorted())
    expect(hash).toMatchObject({ total: String(await recorded()), 'minutes-from': '-' })
    expect(minutes.reduce((sum, minute) => sum + Number(hash[minute]), 0)).toBe(await recorded())
    for (let lane = 0; lane < LANES; lane++) {
      expect(hash[`applied:${lane}`]).toMatch(/^(0:0|[1-9]\d*:[1-9]\d*)$/)
    }
    const [seconds, microseconds] = await cache.time()
    const nowMs = Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000)
    const fields = Array.from({ length: LANES }, (_, lane) => `asof:${lane}`)
    const isProvenSince = async () => (await cache.hmget('ping:counters', ...fields)).every(asof => Number(asof) > nowMs)
    await until('every lane is proven again', isProvenSince, LIMIT_MS)
    expect(await cache.ttl('ping:counters')).toBe(-1)
    expect(await ping.verify()).toMatch(/^OK$/m)
  })

  test('a ping id that comes through both servers and all protocols at once is counted once', { timeout: TEST_LIMIT_MS }, async () => {
    const before = await recorded()
    const clients = ping.servers.flatMap(({ url }) => clientsOf(url))
    const ids = Array.from({ length: 30 }, () => (Math.random() < 0.5 ? v4() : v7()))
    const answers = ids.flatMap(pingId =>
      clients.flatMap(client => [client.ping({ pingId, timestampMs: 1_000n }), client.ping({ pingId, timestampMs: 1_000n })]),
    )
    await Promise.all(answers)
    expect(await recorded()).toBe(before + ids.length)
    await untilCounted(before + ids.length)
    expect(await i3Gaps(ping.place.databaseUrl)).toEqual([])
  })

  test('of concurrent callers with the same id and different times, those with the recorded time get an ack, the others ALREADY_EXISTS', async () => {
    const before = await recorded()
    const ids = Array.from({ length: 20 }, () => v7())
    const tries = ids.flatMap(pingId => ping.servers.flatMap(({ url }) => [1, 2, 3].map(timestampMs => ({ pingId, timestampMs, url }))))
    const answers = await Promise.all(
      tries.map(async ({ url, ...body }) => ({ ...body, answer: await caller.call(url, 'Ping', body, LIMIT_MS) })),
    )
    const { rows } = await withDatabase(ping.place.databaseUrl, client =>
      client.query('select id, (extract(epoch from pinged_at) * 1000)::int as ms from pings where id = any ($1)', [ids]),
    )
    const times = new Map(rows.map(({ id, ms }) => [id, ms]))
    for (const { pingId, timestampMs, answer } of answers) {
      if (timestampMs === times.get(pingId)) expect(answer).toMatchObject({ status: 200, json: {} })
      else
        expect(answer).toMatchObject({
          status: 409,
          json: { code: 'already_exists', message: expect.stringContaining(`recorded with ${times.get(pingId)}`) },
        })
    }
    expect(await recorded()).toBe(before + ids.length)
  })

  test('a retry without a time gets the first answer, a retry with another time gets an error, no matter who set the first time', async () => {
    const before = await recorded()
    const [one, other] = ping.servers
    const send = async (url: string, body: object) => {
      const answer = await caller.call(url, 'Ping', body, LIMIT_MS)
      return answer.kind === 'answer' ? [answer.status, answer.json.code] : answer
    }
    const [given, clock] = [v7(), v7()]
    expect(await send(one!.url, { pingId: given, timestampMs: '-1' })).toEqual([200, undefined])
    expect(await send(other!.url, { pingId: given })).toEqual([200, undefined])
    expect(await send(other!.url, { pingId: given.toUpperCase(), timestampMs: '-1' })).toEqual([200, undefined])
    expect(await send(other!.url, { pingId: given, timestampMs: '0' })).toEqual([409, 'already_exists'])
    expect(await send(one!.url, { pingId: clock })).toEqual([200, undefined])
    expect(await send(other!.url, { pingId: clock })).toEqual([200, undefined])
    expect(await send(other!.url, { pingId: clock, timestampMs: '12345' })).toEqual([409, 'already_exists'])
    expect(await recorded()).toBe(before + 2)
  })

  test(
    'after FLUSHALL without traffic counts stay right, and the cache is complete again within 3 s',
    { timeout: TEST_LIMIT_MS },
    async () => {
      const total = await recorded()
      await untilCounted(total)
      await cache.flushall()
      expect((await counted(1)).count).toBe(total)
      const { databaseUrl, redisUrl } = ping.place
      const { violations, tookMs } = await i4Cache(databaseUrl, redisUrl, HEALED_WITHIN_MS * BUSY_MACHINE)
      expect(violations).toEqual([])
      await untilCounted(total, 1)
      process.stdout.write(`FLUSHALL: whole again after ${Math.round(tookMs)} ms (promised: ${HEALED_WITHIN_MS} ms)\n`)
    },
  )

  test(
    'a cache that was restored from an old snapshot never serves its old count, even without traffic',
    { timeout: TEST_LIMIT_MS },
    async () => {
      const old = await cache.hgetall('ping:counters')
      await cli('ping', '-n', '50')
      const total = await recorded()
      await untilCounted(total)
      await cache.multi().del('ping:counters').hset('ping:counters', old).exec()
      expect((await counted(0)).count).toBe(total)
      const { databaseUrl, redisUrl } = ping.place
      expect((await i4Cache(databaseUrl, redisUrl, HEALED_WITHIN_MS * BUSY_MACHINE)).violations).toEqual([])
      await untilCounted(total, 1)
    },
  )
})
