import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readLaneCount } from '../../../semaphore/store/lanes.ts'
import { migrate } from '../../../semaphore/store/migrate.ts'
import { Pool } from '../../../semaphore/store/pool.ts'
import { claimPartition, publishRefusals, type Refusal } from '../../../semaphore/store/refusals.ts'
import { silent } from '../../ledger/ledger-fixture.ts'
import { testDatabase, type TestDatabase } from '../../support/postgres.ts'

describe('refusals in Postgres', () => {
  let database: TestDatabase
  let pool: Pool
  let lanes: number
  beforeAll(async () => {
    database = await testDatabase()
    await migrate(database.config, { log: silent })
    pool = new Pool(database.config, { applicationName: 'test', max: 4, log: silent })
    lanes = await readLaneCount(pool)
  })
  afterAll(async () => {
    await pool.end()
    await database.drop()
  })

  const refusal = (topic: string, reader: string, offset: number, committed = 0): Refusal => ({
    record: { topic, partition: 1, offset, timestampMs: 1_000 + offset },
    reader,
    committed,
    kind: 'refusedEvent',
    resource: `resource ${offset % 3}`,
    commandId: `${topic}:${offset}`,
    token: 7n,
    event: 'finished',
    reason: 'the command is already expired',
  })
  const claim = async (topic: string, from = 0) => {
    const reader = randomUUID()
    return { reader, refused: await claimPartition(pool, reader, { topic, partition: 1, from }) }
  }
  const publish = (...refusals: Refusal[]) => publishRefusals(pool, lanes, refusals)
  const published = async (topic: string) => {
    const { rows } = await pool.query<{ command_id: string }>('select command_id from outbox where command_id like $1 order by lane, seq', [
      `${topic}:%`,
    ])
    return rows.map(row => row.command_id).sort()
  }

  test('are published once, however often a record is read', async () => {
    const first = await claim('once')
    expect(await publish(refusal('once', first.reader, 5), refusal('once', first.reader, 6))).toEqual([true, true])
    expect(await publish(refusal('once', first.reader, 6), refusal('once', first.reader, 7))).toEqual([true, true])
    expect(await published('once')).toEqual(['once:5', 'once:6', 'once:7'])
    const next = await claim('once', 6)
    expect([...next.refused].sort()).toEqual([
      [6, 1_006],
      [7, 1_007],
    ])
  })

  test('are published once if a record is among them twice', async () => {
    const { reader } = await claim('twice')
    expect(await publish(refusal('twice', reader, 5), refusal('twice', reader, 5), refusal('twice', reader, 6))).toEqual([true, true, true])
    expect(await published('twice')).toEqual(['twice:5', 'twice:6'])
  })

  test('are published of a record at the offset of one that was refused, in a topic that was deleted and created again', async () => {
    const before = await claim('new topic')
    await publish(refusal('new topic', before.reader, 5))
    const { reader } = await claim('new topic')
    const refused = refusal('new topic', reader, 5)
    const ofNew = { ...refused, record: { ...refused.record, timestampMs: 9_000 }, commandId: 'new topic:5 again' }
    expect(await publish(ofNew)).toEqual([true])
    expect(await publish(ofNew)).toEqual([true])
    expect(await published('new topic')).toEqual(['new topic:5', 'new topic:5 again'])
    expect([...(await claim('new topic')).refused]).toEqual([[5, 9_000]])
  })

  test('of a reader that has lost the partition do not count', async () => {
    const lost = await claim('lost')
    const next = await claim('lost')
    expect(await publish(refusal('lost', lost.reader, 5), refusal('lost', next.reader, 6))).toEqual([false, true])
    expect(await published('lost')).toEqual(['lost:6'])
  })

  test('are forgotten when the group has committed their records', async () => {
    const { reader } = await claim('forgotten')
    await publish(refusal('forgotten', reader, 5), refusal('forgotten', reader, 6))
    await publish(refusal('forgotten', reader, 9, 6))
    const { rows } = await pool.query<{ record_offset: bigint }>("select record_offset from refusals where topic = 'forgotten' order by 1")
    expect(rows.map(row => row.record_offset)).toEqual([6n, 9n])
  })

  test('keep the outbox of a lane without gaps, with many at once', async () => {
    const { reader } = await claim('gaps')
    await Promise.all(
      Array.from({ length: 8 }, (_, batch) =>
        publish(...Array.from({ length: 20 }, (__, index) => refusal('gaps', reader, batch * 20 + index))),
      ),
    )
    const { rows } = await pool.query<{ gaps: bigint }>(
      'select sum(o.last - o.first + 1 - o.rows)::bigint as gaps from (select min(seq) as first, max(seq) as last, count(*) as rows from outbox group by lane) o',
    )
    expect(rows).toEqual([{ gaps: 0n }])
    expect(await published('gaps')).toHaveLength(160)
  })
})
