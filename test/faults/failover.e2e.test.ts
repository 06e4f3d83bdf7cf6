import { execFile } from 'node:child_process'
import { readdirSync, readlinkSync } from 'node:fs'
import { promisify } from 'node:util'
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest'
import { PingCaller, type Answer } from '../support/call-ping.ts'
import { i5Reads } from '../support/check-reads.ts'
import { i3Gaps, i4Cache, i6Topic, withDatabase } from '../support/checker.ts'
import { CountWatch, readTotal } from '../support/count-watch.ts'
import type { SentPing } from '../support/load.ts'
import { keepLogsOnFailure, until } from '../support/programs.ts'
import { startOwnPing, type OwnPing } from '../support/whole-ping.ts'

const run = promisify(execFile)
const LIMIT_MS = 40_000
/** The floor must be above the cache for this long before it is lowered. */
const FLOOR_STANDS_MS = 3_000
/** The server's clock and this one. */
const CLOCKS_DIFFER_MS = 2
const TEST_LIMIT_MS = 10 * LIMIT_MS
const START_LIMIT_MS = 3 * LIMIT_MS

keepLogsOnFailure()

describe('after a failover to an older copy of Postgres, which lost rows', () => {
  const caller = new PingCaller()
  const sent: SentPing[] = []
  let ping: OwnPing
  let watch: CountWatch
  let goneMs = 0
  let followedMs = 0

  const start = async () => {
    ping = await startOwnPing()
    watch = new CountWatch(ping.servers)
  }
  const stop = async () => {
    await watch.stop()
    await ping.stop()
  }
  beforeAll(start)
  afterAll(async () => {
    await stop()
    caller.close()
  })

  async function send(ids: readonly string[]): Promise<void> {
    const one = async (id: string) => {
      const known = sent.find(each => each.id === id)
      const tried: SentPing = known ?? { id, timestampMs: undefined, sentMs: performance.now(), ackedMs: undefined, tries: 1 }
      if (!known) sent.push(tried)
      await until('acknowledged', async () => isAck(await caller.call(ping.servers[0]!.url, 'Ping', { pingId: id }, LIMIT_MS)), LIMIT_MS)
      tried.ackedMs = performance.now()
    }
    await Promise.all(ids.map(one))
  }

  const newIds = (count: number) => Array.from({ length: count }, () => v7())
  const counted = async () => (await readTotal(caller, ping.servers[0]!, false))?.count
  const rows = () =>
    withDatabase(ping.place.databaseUrl, async client => Number((await client.query('select count(*) from pings')).rows[0].count))
  const expectCacheTrue = async () => expect((await i4Cache(ping.place.databaseUrl, ping.place.redisUrl, LIMIT_MS)).violations).toEqual([])

  /** Kills it, and waits for the last of its processes, which all run in its data folder. */
  async function killPostgres(): Promise<void> {
    const { dataDir } = ping.postgres
    await ping.postgres.kill9()
    await until(
      'no process runs in the data folder',
      () => readdirSync('/proc').every(pid => !/^\d+$/.test(pid) || cwdOf(pid) !== dataDir),
      LIMIT_MS,
    )
  }

  const old = newIds(200)
  const lost = newIds(150)
  const after = newIds(40)

  test(
    'the count stays for 3 s, then falls to the rows that are left, and is never wrong in between',
    { timeout: TEST_LIMIT_MS },
    async () => {
      // It may run once more, from the same start.
      onTestFailed(async () => {
        await stop()
        sent.splice(0)
        await start()
      }, START_LIMIT_MS)
      const { dataDir } = ping.postgres
      await send(old)
      await expectCacheTrue()
      await killPostgres()
      await run('cp', ['-a', dataDir, `${dataDir}.old`])
      await ping.postgres.restart()
      await send(lost)
      await expectCacheTrue()
      await until('all are counted', async () => (await counted()) === old.length + lost.length, LIMIT_MS)

      goneMs = performance.now()
      await killPostgres()
      await run('rm', ['-rf', dataDir])
      await run('mv', [`${dataDir}.old`, dataDir])
      const restartedMs = performance.now()
      await ping.postgres.restart()
      const backMs = performance.now()
      await send(after)
      expect(await rows()).toBe(old.length + after.length)
      await expectCacheTrue()
      const fell = () => watch.samples.find(({ beganMs, count }) => beganMs > goneMs && count < old.length + lost.length)
      await until('the count has followed', () => fell() !== undefined, LIMIT_MS)
      followedMs = fell()!.endedMs
      // What was proven before the restart has the lost rows: this read reached the floor, at the earliest when it began.
      const lastReached = watch.samples.findLast(({ source, endedMs, ageMs }) => source === 'cache' && endedMs - ageMs < restartedMs)!
      expect(followedMs - lastReached.beganMs).toBeGreaterThanOrEqual(FLOOR_STANDS_MS - CLOCKS_DIFFER_MS)
      await until('what is left is counted', async () => (await counted()) === old.length + after.length, LIMIT_MS)
      await until('the server has logged it', () => ping.servers[0]!.log().join().includes('a failover lost rows'), LIMIT_MS)
      process.stdout.write(`failover: the count had followed ${((followedMs - backMs) / 1000).toFixed(1)} s after Postgres was back\n`)
    },
  )

  test('lost pings that clients send again are counted once', { timeout: TEST_LIMIT_MS }, async () => {
    await send([...lost, ...old.slice(0, 50), ...lost])
    expect(await rows()).toBe(old.length + lost.length + after.length)
    await expectCacheTrue()
    await until('all are counted', async () => (await counted()) === old.length + lost.length + after.length, LIMIT_MS)
    const { databaseUrl, brokers, topic } = ping.place
    expect(await i3Gaps(databaseUrl), 'I3').toEqual([])
    expect(await i6Topic(databaseUrl, brokers, topic), 'I6').toEqual([])
    expect(await ping.verify()).toMatch(/^OK$/m)
  })

  test('no read was negative, above what was attempted, or fell at any other time', async () => {
    await watch.stop()
    // The acks of the lost rows are void from the failover until the rows are sent again: see the last ack of each.
    const rules = { postgresAway: [{ fromMs: 0, toMs: followedMs }], lostRows: [{ fromMs: goneMs, toMs: followedMs }] }
    expect(i5Reads(watch.samples, sent, rules)).toEqual([])
    expect(watch.samples.length).toBeGreaterThan(50)
  })
})

function isAck(answer: Answer): boolean {
  return answer.kind === 'answer' && answer.status === 200
}

function cwdOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return undefined
  }
}
