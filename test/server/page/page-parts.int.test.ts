import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PageState, PartName } from '../../../src/server/page/page-state.ts'
import type { PageStates } from '../../../src/server/page/page-states.ts'
import { readerFixture, type ReaderFixture } from '../../count-reader/fixture.ts'
import { testDatabase, type TestDatabase } from '../../support/postgres.ts'
import { startCache, type TestRedis } from '../../support/redis.ts'
import { startTcpGate, type TcpGate } from '../../support/tcp-gate.ts'
import { statesOf } from './page-reader.ts'

const POLL = { timeout: 30_000, interval: 100 }
const INTERVAL_MS = 200

/** Real Postgres, reached through a gate, a real cache that only the test fills, and one viewer that keeps the newest state. */
describe('the live page', () => {
  let redis: TestRedis
  let database: TestDatabase
  let gate: TcpGate
  let at: ReaderFixture
  let states: PageStates
  let newest: PageState | undefined
  let viewing: Promise<void>
  const left = new AbortController()
  const part = (name: PartName) => {
    const found = newest?.parts.find(other => other.name === name)
    return `${found?.state}: ${found?.text}`
  }
  const view = async () => {
    for await (const state of states.watch(left.signal)) newest = state
  }
  beforeAll(async () => {
    redis = await startCache()
    database = await testDatabase()
    gate = await startTcpGate(database.config.port!)
    at = await readerFixture({ ...database.config, host: '127.0.0.1', port: gate.port }, redis.url)
    await at.record(0, [1, 2, 3])
    await at.record(2, [60_000])
    states = statesOf(at.reader, { intervalMs: INTERVAL_MS })
    viewing = view()
  })
  afterAll(async () => {
    left.abort()
    await viewing
    await at.close()
    await gate.close()
    await database.drop()
    await redis.stop()
  })

  test('counts from Postgres before a processor has filled the cache, and says so', async () => {
    await expect.poll(() => newest?.total, POLL).toMatchObject({ count: 4n, source: 'database' })
    expect(newest?.lanes).toMatchObject([
      { head: 3n, published: 0n, applied: undefined },
      { head: 0n, applied: undefined },
      { head: 1n, applied: undefined },
    ])
    expect(newest?.version).toBe('4')
    expect(part('postgres')).toBe('up: Postgres records pings.')
    expect(part('cache')).toBe('late: The cache is empty or incomplete: counts come from Postgres.')
  })

  test('counts from the cache once it is filled, and from Postgres when no processor moves it', async () => {
    const filled = async () => {
      await at.fill() // a processor does so again and again
      const applied = newest?.lanes?.map(lane => lane.applied)
      return [newest?.total?.source, part('cache'), part('processor'), applied]
    }
    await expect
      .poll(filled, POLL)
      .toEqual(['cache', 'up: The cache is complete.', 'up: The processor keeps the cache up to date.', [3n, 0n, 1n]])
    await at.fill({ ageMs: 1_500 })
    await expect
      .poll(() => [part('processor'), newest?.total], POLL)
      .toMatchObject([
        expect.stringMatching(/^late: The processor has not moved the cache for \d+ s: counts come from Postgres\.$/),
        { count: 4n, source: 'database' },
      ])
  })

  test('goes on when the cache is killed, and shows when it is back', async () => {
    await redis.kill9()
    await expect.poll(() => part('cache'), POLL).toMatch(/: The cache has not answered for \d+ s: counts come from Postgres\.$/)
    expect(newest).toMatchObject({ total: { count: 4n, source: 'database' }, version: '4' })
    expect(newest?.lanes).toMatchObject([{ head: 3n, applied: undefined, ageMs: undefined }, {}, {}])
    await redis.restart()
    await expect.poll(() => part('cache'), POLL).toBe('late: The cache is empty or incomplete: counts come from Postgres.')
    await at.fill()
    await expect.poll(() => part('cache'), POLL).toBe('up: The cache is complete.')
  })

  test('says that pings do not reach Kafka, and how many wait', async () => {
    await expect
      .poll(() => part('kafka'), POLL)
      .toMatch(/: Pings have not reached Kafka for \d+ s: 4 wait in Postgres, and counts include them\.$/)
    await at.ledger.query(
      'update ping_lanes set published_seq = (select coalesce(max(seq), 0) from pings p where p.lane = ping_lanes.lane)',
    )
    await expect.poll(() => part('kafka'), POLL).toBe('up: Kafka has every ping.')
  })

  test('goes on with a count that gets older when Postgres hangs, and shows when it is back', async () => {
    gate.let(() => 'silent')
    gate.freeze()
    await expect.poll(() => part('postgres'), POLL).toMatch(/^late: Postgres has not answered for \d+ s\.$/)
    await expect.poll(() => newest?.total?.ageMs, POLL).toBeGreaterThan(2_000)
    expect(newest).toMatchObject({ version: '4', total: { count: 4n } })
    expect(newest?.total?.ageMs).toBe(newest!.atMs - newest!.provenAtMs!)
    gate.let(() => 'through')
    await expect.poll(() => part('postgres'), POLL).toBe('up: Postgres records pings.')
    await expect.poll(() => newest?.total?.ageMs, POLL).toBeLessThan(2_000)
    expect(newest?.lanes?.length).toBe(3)
  })
})
