import { expect, test } from 'vitest'
import { numberingFaults, rowsOf, setUp } from '../ledger/ledger-fixture.ts'
import { atDepth } from '../support/depth.ts'
import { startPostgres } from '../support/postgres.ts'
import { startLoad, startRecorder } from './recorder-fixture.ts'

const CRASHES = atDepth({ normally: 2, thoroughly: 4 })

test('a recorder loses and doubles no ping while Postgres is killed and restarted under load', { timeout: 300_000 }, async () => {
  const postgres = await startPostgres()
  const database = await postgres.createDatabase()
  await setUp(database, 4)
  const recorders = [startRecorder(database.config), startRecorder(database.config)].map(({ recorder }) => recorder)
  const load = startLoad(recorders, 32)
  try {
    for (let crash = 1; crash <= CRASHES; crash++) {
      const acked = load.acked.size
      await expect.poll(() => load.acked.size, { timeout: 50_000 }).toBeGreaterThan(acked + 200)
      await postgres.kill9()
      await postgres.restart()
    }
    await load.stop()
    const rows = await rowsOf<{ id: string }>(database, 'select id from pings')
    expect(rows).toHaveLength(load.acked.size)
    expect(new Set(rows.map(({ id }) => id))).toEqual(load.acked)
    expect(load.acked).toEqual(load.sent)
    expect(await numberingFaults(database)).toEqual([])
  } finally {
    await Promise.all(recorders.map(recorder => recorder.stop()))
    await postgres.stop()
  }
})
