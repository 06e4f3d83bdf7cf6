import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readHeads } from '../../src/ledger/heads.ts'
import { CommitWarningError } from '../../src/postgres/commit-warning.ts'
import { sumOfHeads } from '../../src/terms/position.ts'
import { pingsAt, record, rowsOf, setUp, sql, withClient } from '../ledger/ledger-fixture.ts'
import { startPostgres, type TestDatabase, type TestPostgres } from '../support/postgres.ts'
import { ping, startRecorder, type TestRecorder } from './recorder-fixture.ts'

let postgres: TestPostgres
let database: TestDatabase

const WAITING = "from pg_stat_activity where wait_event = 'SyncRep' and datname = current_database()"
/** How many transactions wait for the standby. */
const waiting = async (): Promise<number> => (await rowsOf(database, `select ${WAITING}`)).length
const waitsForStandby = (count = 1) => expect.poll(waiting).toBe(count)
const standby = (names: string) => sql(database.admin, `alter system set synchronous_standby_names = '${names}'`, 'select pg_reload_conf()')
/** What an impatient operator does: the commit succeeds with a WARNING. */
const cancelWait = () => sql(database, `select pg_cancel_backend(pid) ${WAITING}`)

/** A ping whose id the first try does not look up. */
const pingWithOurId = () => ({ ...ping(), idGiven: false })

function outcomeOf(promise: Promise<unknown>): () => string {
  let outcome = 'open'
  promise.then(
    () => (outcome = 'acked'),
    () => (outcome = 'failed'),
  )
  return () => outcome
}

describe('while the synchronous standby is down', () => {
  let started: TestRecorder
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres.stop())
  beforeEach(async () => {
    database = await postgres.createDatabase()
    await setUp(database, 2)
    started = startRecorder(database.config, { checkAfterMs: 200 })
    await started.recorder.record(ping())
    await standby('nobody')
    await expect
      .poll(
        async () => (await rowsOf<{ names: string }>(database, "select current_setting('synchronous_standby_names') as names"))[0]!.names,
      )
      .toBe('nobody')
    return async () => {
      await standby('')
      await started.recorder.stop()
      await database.drop()
    }
  })

  test('a batch waits, a WARNING at commit is not an ack, and the retry with the same ids waits too', async () => {
    const recorded = started.recorder.record(pingWithOurId())
    const outcome = outcomeOf(recorded)
    await waitsForStandby()
    await cancelWait()
    await expect.poll(started.retries).toBe(1)
    await waitsForStandby() // all ids are recorded now: only the message in the WAL makes the commit wait
    expect(outcome()).toBe('open')
    await cancelWait()
    await expect.poll(started.retries).toBe(2)
    await waitsForStandby()
    expect(outcome()).toBe('open')
    await standby('')
    await recorded
    expect(await withClient(database, async client => sumOfHeads(await readHeads(client)))).toBe(2n)
  })

  test('a WARNING is not an ack when Postgres reports it in another language', async () => {
    await withClient(database, async client => {
      const recording = record(client, 0, pingsAt(1))
      recording.catch(() => undefined)
      client.prependListener('notice', notice => (notice.severity = 'WARNUNG' as 'WARNING'))
      await waitsForStandby()
      await cancelWait()
      await expect(recording).rejects.toThrow(CommitWarningError)
    })
  })

  test('a batch whose session ends while it waits is retried, and the retry waits too', async () => {
    const recorded = started.recorder.record(ping())
    const outcome = outcomeOf(recorded)
    await waitsForStandby()
    await sql(database, `select pg_terminate_backend(pid) ${WAITING}`)
    await expect.poll(started.retries).toBe(1)
    await waitsForStandby()
    expect(outcome()).toBe('open')
    await standby('')
    await recorded
  })

  test('the two sessions wait as long as it takes, and no more are opened', async () => {
    const recorded = Promise.all([
      started.recorder.record(ping()),
      new Promise(resolve => setTimeout(resolve, 20)).then(() => started.recorder.record(ping())),
    ])
    await waitsForStandby(2)
    await new Promise(resolve => setTimeout(resolve, 1_000)) // five checks
    expect(await waiting()).toBe(2)
    // One of an earlier test may still be ending.
    await expect
      .poll(() =>
        rowsOf(database, "select from pg_stat_activity where application_name = 'ping-recorder' and datname = current_database()"),
      )
      .toHaveLength(2)
    await standby('')
    await recorded
  })
})
