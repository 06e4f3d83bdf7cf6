import { afterAll, beforeAll, expect, test } from 'vitest'
import { rowsOf, sql } from '../../ledger/ledger-fixture.ts'
import { startPostgres, type TestPostgres } from '../../support/postgres.ts'
import { Store } from '../store/store-fixture.ts'
import { submit } from '../test-steps.ts'
import { startQueue } from './queue-fixture.ts'

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startPostgres()
  await (await Store.open(postgres)).close()
})
afterAll(() => postgres.stop())

const WAITING = "from pg_stat_activity where wait_event = 'SyncRep' and datname = current_database()"
const waitsForStandby = () => expect.poll(async () => (await rowsOf(postgres, `select ${WAITING}`)).length).toBeGreaterThanOrEqual(1)
const standby = (names: string) => sql(postgres.admin, `alter system set synchronous_standby_names = '${names}'`, 'select pg_reload_conf()')
/** What an impatient operator does: the commit succeeds with a WARNING. */
const cancelWait = () => sql(postgres, `select pg_cancel_backend(pid) ${WAITING}`)

test('a WARNING at commit is no answer: the same steps are sent again, and wait for the standby although they change nothing', async () => {
  const { queue, retries } = startQueue(postgres.config, { checkAfterMs: 200 })
  await queue.run(submit('before'))
  await standby('nobody')
  await expect
    .poll(async () => (await rowsOf<{ names: string }>(postgres, "select current_setting('synchronous_standby_names') as names"))[0]!.names)
    .toBe('nobody')
  let isAnswered = false
  const run = queue.run(submit('a')).finally(() => (isAnswered = true))
  await waitsForStandby()
  await cancelWait()
  await expect.poll(retries).toBeGreaterThanOrEqual(1)
  await waitsForStandby() // the command is there now: only the message in the log of Postgres makes the commit wait
  expect(isAnswered).toBe(false)
  await standby('')
  expect(await run).toMatchObject({ outcome: 'repeated', state: 'waiting' })
  await queue.stop()
})
