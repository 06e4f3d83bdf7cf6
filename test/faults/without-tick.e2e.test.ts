import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { wait } from '../../src/runtime/wait.ts'
import { i4Cache } from '../support/checker.ts'
import { firstOrAll } from '../support/depth.ts'
import { Load } from '../support/load.ts'
import { keepLogsOnFailure, until } from '../support/programs.ts'
import { seededRandom } from '../support/random.ts'
import { startPing, type WholePing } from '../support/whole-ping.ts'
import { readsPartitions } from './reads-partitions.ts'
import { faultSettings } from './settings.ts'

const { seed } = faultSettings()
/** Kafka keeps the place of a killed member for its session of 10 s; then it reads on. */
const READ_AGAIN_WITHIN_MS = 90_000
/** On a busy machine a flush may come before the kill: then the processor is killed again. */
const TRIES = 5
/** Long, so that what was read last is not flushed when the processor is killed. */
const SETTINGS = { TICK_INTERVAL_MS: '0', FLUSH_INTERVAL_MS: '8000', FLUSH_RECORDS: '100000' }
/** Offsets are committed every second: after this time, offsets that are committed too early are committed. Nothing reports that none were. */
const COMMITTED_WITHIN_MS = 1_200

keepLogsOnFailure()

describe(`without ticks, which would heal the cache from Postgres (--seed ${seed})`, () => {
  const random = seededRandom(seed)
  let ping: WholePing
  let load: Load

  beforeAll(async () => {
    ping = await startPing({ processorSettings: SETTINGS })
    load = new Load({ urls: ping.servers.map(({ url }) => url), callers: 4, pauseMs: 10 })
  })
  afterAll(async () => {
    load.close()
    await ping.stop()
  })

  test.each(firstOrAll([1, 2]))(
    'a processor that is killed before it flushed its events reads them again from the topic, time %i',
    { timeout: 10 * READ_AGAIN_WITHIN_MS },
    async () => {
      const [processor] = ping.processors
      const { databaseUrl, redisUrl } = ping.place
      let waiting = 0
      for (let tries = 1; waiting === 0 && tries <= TRIES; tries++) {
        await until('the processor reads partitions', () => readsPartitions(processor!), READ_AGAIN_WITHIN_MS)
        load.start()
        const before = load.acked.length
        const count = random.between(300, 600)
        await until(`${count} pings more are acknowledged`, () => load.acked.length >= before + count)
        await load.drain()
        await wait(COMMITTED_WITHIN_MS)
        await processor!.kill9()
        waiting = (await i4Cache(databaseUrl, redisUrl, 0)).violations.length
        await processor!.start()
      }
      expect(waiting, 'nothing was waiting to be flushed').toBeGreaterThan(0)
      expect((await i4Cache(databaseUrl, redisUrl, READ_AGAIN_WITHIN_MS)).violations).toEqual([])
    },
  )
})
