import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readHeads } from '../../src/ledger/heads.ts'
import { CommitWarningError } from '../../src/ledger/record.ts'
import { sumOfHeads } from '../../src/terms/position.ts'
import { pingsAt, record, rowsOf, setUp, sql, withClient } from '../ledger/ledger-fixture.ts'
import { startPostgres, type TestDatabase, type TestPostgres } from '../support/postgres.ts'
import { ping, startRecorder, type TestRecorder } from './recorder-fixture.ts'

let postgres: TestPostgres
let database: TestDatabase

const WAITING = "from pg_stat_activity where wait_event = 'SyncRep' and datname = current_database()"
/** How many transactions wait for the standby. */
const waiting = async (): Promise<number> => (await rowsOf(database, `select ${WAITING}`)).length
const waitsForStandby = (count = 1) => expect.poll(waiting, { timeout: 10_000 }).toBe(count)
const standby = (names: string) => sql(database.admin, `alter system set synchronous_standby_names = '${names}'`, 'select pg_reload_conf()')
/** As an operator would who is tired of waiting: the commit is answered with a WARNING. */
const cancelWait = () => sql(database, `select pg_cancel_backend(pid) ${WAITING}`)

/** Its id is not looked for at the first try. */
const pingWithOurId = () => ({ ...ping(), idGiven: false })

function outcomeOf(promise: Promise<unknown>): () => string {
  let outcome = 'open'
  promise.then(
    () => (outcome = 'acked'),
    () => (outcome = 'failed'),
  )
  return () => outcome
}

describe('while the synchronous standby is away', () => {
  let started: TestRecorder
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres.stop())
  beforeEach(async () => {
    database = await postgres.createDatabase()
    await setUp(database, 2)
    started = startRecorder(database.config, { lookAfterMs: 200 })
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

  test('a batch waits, a WARNING at commit is no ack, the same ids are sent again, and wait as well', async () => {
    const recorded = started.recorder.record(pingWithOurId())
    const outcome = outcomeOf(recorded)
    await waitsForStandby()
    await cancelWait()
    await expect.poll(started.retries).toBe(1)
    await waitsForStandby() // all ids are known now: only the message in the WAL makes it wait
    expect(outcome()).toBe('open')
    await cancelWait()
    await expect.poll(started.retries).toBe(2)
    await waitsForStandby()
    expect(outcome()).toBe('open')
    await standby('')
    await recorded
    expect(await withClient(database, async client => sumOfHeads(await readHeads(client)))).toBe(2n)
  })

  test('a WARNING is no ack in a server that speaks another language', async () => {
    await withClient(database, async client => {
      const recording = record(client, 0, pingsAt(1))
      recording.catch(() => undefined)
      client.prependListener('notice', notice => (notice.severity = 'WARNUNG' as 'WARNING'))
      await waitsForStandby()
      await cancelWait()
      await expect(recording).rejects.toThrow(CommitWarningError)
    })
  })

  test('a batch whose session ends while it waits is sent again, and waits as well', async () => {
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

  test('two sessions wait, however long', async () => {
    const recorded = Promise.all([
      started.recorder.record(ping()),
      new Promise(resolve => setTimeout(resolve, 20)).then(() => started.recorder.record(ping())),
    ])
    await waitsForStandby(2)
    await new Promise(resolve => setTimeout(resolve, 1_500)) // several looks
    expect(await waiting()).toBe(2)
    expect(await rowsOf(database, "select from pg_stat_activity where application_name = 'ping-recorder'")).toHaveLength(2)
    await standby('')
    await recorded
  })
})
