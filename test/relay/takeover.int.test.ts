import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startChild, type Child } from '../../local/launch/child.ts'
import { wait } from '../../src/runtime/wait.ts'
import { setUp, sql, rowsOf } from '../ledger/ledger-fixture.ts'
import { ping, startRecorder } from '../recorder/recorder-fixture.ts'
import { sharedKafka, uniqueName } from '../support/kafka.ts'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'
import { expectPublished, untilSettled } from './relay-fixture.ts'

const LANES = 6
/** Between two rounds of the load: what is recorded has to be read back. */
const PAUSE_MS = 10
/** Relays whose session has asked Postgres again and again, over more than the second between two tries to take lanes. */
const HAVE_ASKED = `select pid from pg_stat_activity
  where datname = current_database() and application_name = 'ping-relay' and query_start > backend_start + interval '1.5 s'`
const HELD = `select pid, count(*)::int as lanes from pg_locks where locktype = 'advisory' and classid = ping_lock_class_relay()
  and database = (select oid from pg_database where datname = current_database()) group by pid order by 2 desc`

describe('two relays', () => {
  let database: TestDatabase
  let brokers: string
  let topic: string
  let children: Child[] = []

  const startRelay = async (): Promise<Child> => {
    const program = new URL('relay-program.ts', import.meta.url).pathname
    const child = await startChild({
      name: 'relay',
      command: process.execPath,
      args: [program, JSON.stringify({ postgres: database.config, brokers, topic })],
    })
    children.push(child)
    return child
  }
  const held = () => rowsOf<{ pid: number; lanes: number }>(database, HELD)
  const rowsOfPings = async () => (await rowsOf<{ rows: number }>(database, 'select count(*)::int as rows from pings'))[0]!.rows
  /** Resolves when further pings were recorded under the load. */
  const morePings = async () => {
    const before = await rowsOfPings()
    await expect.poll(rowsOfPings).toBeGreaterThan(before + 200)
  }
  const holdsAll = (except = 0) =>
    expect.poll(async () => (await held()).map(({ pid, lanes }) => (pid === except ? -1 : lanes)), { timeout: 40_000 }).toEqual([LANES])

  beforeAll(async () => {
    brokers = await sharedKafka()
  })
  beforeEach(async () => {
    topic = uniqueName('takeover')
    database = await testDatabase()
    await setUp(database, LANES)
  })
  afterEach(async () => {
    await Promise.all(children.map(child => child.kill9()))
    children = []
    await database.drop()
  })

  async function under(load: () => Promise<void>): Promise<void> {
    const { recorder } = startRecorder(database.config)
    let running = true
    const recording = (async () => {
      for (; running; await wait(PAUSE_MS)) await Promise.all(Array.from({ length: 20 }, () => recorder.record(ping())))
    })()
    try {
      await load()
    } finally {
      running = false
      await recording
    }
    await untilSettled(database, 60_000)
    await recorder.stop()
  }

  test.each<[string, (child: Child) => Promise<unknown>]>([
    ['killed', child => child.kill9()],
    [
      'ended in an orderly way by Postgres alone',
      () =>
        sql(
          database,
          "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ping-relay' and datname = current_database()",
        ),
    ],
  ])('share the lanes: the other continues those of one that is %s', { timeout: 180_000 }, async (_, end) => {
    const first = await startRelay()
    await holdsAll()
    await startRelay()
    await under(async () => {
      await morePings()
      await holdsAll()
      const pid = (await held())[0]?.pid
      await end(first)
      await expect.poll(async () => (await held()).reduce((sum, each) => sum + (each.pid === pid ? 0 : each.lanes), 0)).toBe(LANES)
    })
    await expectPublished(database, brokers, topic)
  })

  test('move the lanes of a frozen one to the other, and the resumed one moves nothing', { timeout: 240_000 }, async () => {
    const first = await startRelay()
    await holdsAll()
    await under(async () => {
      await morePings()
      process.kill(first.pid, 'SIGSTOP')
      const pid = (await held())[0]?.pid
      await startRelay()
      await holdsAll(pid)
      await morePings()
      process.kill(first.pid, 'SIGCONT')
      const relays = async () => (await rowsOf<{ pid: number }>(database, HAVE_ASKED)).filter(each => each.pid !== pid).length
      await expect.poll(relays, { timeout: 40_000 }).toBe(2)
    })
    await expectPublished(database, brokers, topic)
    await expect.poll(async () => (await held()).reduce((sum, { lanes }) => sum + lanes, 0)).toBe(LANES)
  })
})
