import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { wait } from '../../src/runtime/wait.ts'
import { thoroughly } from '../support/depth.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { keepLogsOnFailure, until, type Program } from '../support/programs.ts'
import { startCache, type TestRedis } from '../support/redis.ts'
import { LANES, processorFixture, type ProcessorFixture } from './processor-fixture.ts'

describe('processors side by side', { timeout: 180_000 }, () => {
  let redis: TestRedis
  let postgres: TestPostgres
  let at: ProcessorFixture
  keepLogsOnFailure()
  beforeAll(async () => {
    ;[redis, postgres] = await Promise.all([startCache(), startPostgres()])
  })
  afterAll(async () => {
    await Promise.all([redis.stop(), postgres.stop()])
  })
  beforeEach(async () => {
    at = await processorFixture(await postgres.createDatabase(), redis.url)
  })
  afterEach(() => at.close())

  const reads = (processor: Program) => processor.log().findLast(line => line.includes('reading these partitions')) ?? ''
  const joined = (processor: Program, partitions: string) =>
    until(`it reads ${partitions}`, () => reads(processor).includes(`"partitions":[${partitions}]`), 60_000)

  const eachReadsOne = (...processors: Program[]) =>
    until('each reads one partition', () => processors.every(each => /"partitions":\[\d\]/.test(reads(each))), 60_000)
  const total = async () => Number((await at.hash())['total'])
  const untilMoreIsCounted = async () => {
    const before = await total()
    await until('more is counted', async () => (await total()) > before)
  }
  /** A processor that has rebuilt nothing does not have the metric. */
  const rebuilds = (processor: Program) =>
    processor.metric('ping_processor_rebuilds_total').catch((error: Error) => {
      if (error.message.includes('has no')) return 0
      throw error
    })
  const rebuildsOf = async (...processors: Program[]) => (await Promise.all(processors.map(rebuilds))).reduce((sum, each) => sum + each, 0)

  /** Records and sends pings in all lanes until `stopped`. */
  async function traffic(stopped: () => boolean): Promise<void> {
    for (let ping = 0; !stopped(); ping++) {
      await at.publish(await at.record(ping % LANES, [ping * 20_000, ping * 20_000 + 1]))
      await wait(20)
    }
  }

  // At both depths faults/frozen, with a server too.
  thoroughly(test)('a frozen one whose lanes were taken over counts nothing twice when it wakes up', async () => {
    const [first, second] = [await at.start(), await at.start()]
    await eachReadsOne(first, second)
    let isOver = false
    const sending = traffic(() => isOver)
    await untilMoreIsCounted()
    const before = await rebuildsOf(first, second)
    first.freeze()
    await joined(second, '0,1')
    await untilMoreIsCounted()
    first.wake()
    await eachReadsOne(first, second)
    await untilMoreIsCounted()
    isOver = true
    await sending
    await at.untilTrue()
    // What was counted twice would have been noticed by a tick, and rebuilt.
    expect(await rebuildsOf(first, second), 'rebuilds of the cache').toBe(before)
  })

  test('the lanes of a killed one stay fresh while the group still waits for it', async () => {
    const second = await at.start()
    await until(
      'the cache is true before the group has noticed',
      async () => {
        const first = await at.start()
        await eachReadsOne(first, second)
        await first.kill9()
        await at.publish(await at.record(0, [1]))
        await at.publish(await at.record(1, [1]))
        await at.untilTrue()
        return !reads(second).includes('"partitions":[0,1]') // otherwise ten seconds have passed: a machine that stopped
      },
      100_000,
    )
  })

  // At both depths e2e/drain, where the next processor goes on.
  thoroughly(test)('one that is stopped leaves the group at once', async () => {
    const [first, second] = [await at.start(), await at.start()]
    await eachReadsOne(first, second)
    expect(await at.members()).toBe(2)
    expect(await first.stop()).toMatchObject({ code: 0 })
    expect(await at.members()).toBe(1) // otherwise the group would wait for ten seconds
    await joined(second, '0,1')
  })

  test('one that is stopped has flushed and committed everything that it read', async () => {
    const processor = await at.start({ FLUSH_INTERVAL_MS: '60000', TICK_INTERVAL_MS: '0' })
    await joined(processor, '0,1')
    await at.publish(await at.record(0, [1]))
    await at.untilTrue()
    await at.publish(await at.record(0, [2, 3]))
    await until('they are buffered', async () => (await processor.metric('ping_processor_open_records')) === 2)
    expect(await processor.stop()).toMatchObject({ code: 0 })
    expect(await at.isTrue()).toBe(true)
    expect(await at.uncommitted()).toBe(0)
  })

  // At both depths processor/flushing, "while the cache is down".
  thoroughly(test)('one whose cache froze is correct and ready again once the cache wakes up', async () => {
    const processor = await at.start()
    await joined(processor, '0,1')
    await at.publish(await at.record(0, [1]))
    await at.untilTrue()
    process.kill(redis.pid, 'SIGSTOP')
    try {
      await at.publish(await at.record(0, [2, 3]))
      await until('a tick and a flush have failed', async () => {
        const failedTicks = await processor.metric('ping_processor_failed_ticks_total')
        return failedTicks > 0 && processor.log().some(line => line.includes('flush: the cache does not answer'))
      })
    } finally {
      process.kill(redis.pid, 'SIGCONT')
    }
    await at.untilTrue()
    await until('it is ready', () => processor.isReady())
  })

  test('one whose Postgres is down still counts events, and is ready again when Postgres is up', async () => {
    const processor = await at.start()
    await joined(processor, '0,1')
    await at.publish(await at.record(0, [1]))
    await at.untilTrue()
    const events = await at.record(0, [2, 3])
    await postgres.kill9()
    await at.publish(events)
    await until('the events are counted', async () => (await at.hash())['total'] === '3')
    await until('it reports that it is not ready', async () => !(await processor.isReady()))
    await postgres.restart()
    await until('it is ready', () => processor.isReady())
    expect((await at.hash())['total']).toBe('3')
  })
})
