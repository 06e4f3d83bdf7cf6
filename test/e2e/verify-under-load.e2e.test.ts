import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { withDatabase } from '../support/checker.ts'
import { atDepth } from '../support/depth.ts'
import { Load } from '../support/load.ts'
import { keepLogsOnFailure, until } from '../support/programs.ts'
import { startPing, type WholePing } from '../support/whole-ping.ts'

const TIMES = atDepth({ normally: 1, thoroughly: 3 })
const PINGS_BETWEEN = 100

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

  test('prints OK: pings that came after its start may still be on their way', async () => {
    for (let time = 0; time < TIMES; time++) {
      const before = load.acked.length
      await until('pings are acknowledged', () => load.acked.length >= before + PINGS_BETWEEN)
      expect(await ping.verify()).toMatch(/OK$/)
    }
  })

  test('names a lost ping', async () => {
    await withDatabase(ping.place.databaseUrl, client => client.query('delete from pings where lane = 0 and seq = 1'))
    await expect(ping.verify('1s')).rejects.toThrow(/DIFFERENCE: lane 0: its head is \d+, but it has \d+ rows/)
  })
})
