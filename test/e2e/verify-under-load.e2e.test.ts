import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { withDatabase } from '../support/checker.ts'
import { atDepth } from '../support/depth.ts'
import { Load } from '../support/load.ts'
import { keepLogsOnFailure, until } from '../support/programs.ts'
import { startPing, type WholePing } from '../support/whole-ping.ts'

const TIMES = atDepth({ normally: 1, thoroughly: 3 })
const PINGS_BETWEEN = 100
const TEST_LIMIT_MS = 300_000

keepLogsOnFailure()

describe('pingcli verify under load', () => {
  let ping: WholePing
  let load: Load

  beforeAll(async () => {
    ping = await startPing({ servers: 2 })
    load = new Load({ urls: ping.servers.map(({ url }) => url), callers: 8, pauseMs: 5 })
    load.start()
  })
  afterAll(async () => {
    await load.drain()
    load.close()
    await ping.stop()
  })

  test('prints OK: pings that came after its start may still be on their way', { timeout: TEST_LIMIT_MS }, async () => {
    for (let time = 0; time < TIMES; time++) {
      const before = load.acked.length
      await until('pings are acknowledged', () => load.acked.length >= before + PINGS_BETWEEN)
      expect(await ping.verify('60s')).toMatch(/OK$/)
    }
  })

  test('names a lost ping', async () => {
    const lost = 'delete from pings where seq = 1 and lane = (select lane from pings where seq = 2 order by lane limit 1) returning lane'
    const { rows } = await withDatabase(ping.place.databaseUrl, client => client.query<{ lane: number }>(lost))
    const expected = new RegExp(`DIFFERENCE: lane ${rows[0]!.lane}: its head is \\d+, but it has \\d+ rows`)
    await expect(ping.verify('1s')).rejects.toThrow(expected)
  })
})
