import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { migrate } from '../../../semaphore/store/migrate.ts'
import { Pool } from '../../../semaphore/store/pool.ts'
import { StoredReads } from '../../../semaphore/store/semaphore-reads.ts'
import { createPostgresClient } from '../../../src/runtime/postgres-client.ts'
import { wait } from '../../../src/runtime/wait.ts'
import { silent } from '../../ledger/ledger-fixture.ts'
import { startPostgres, type TestPostgres } from '../../support/postgres.ts'
import { startSemaphoreFixture } from '../http-fixture.ts'
import { startQueue } from '../steps/queue-fixture.ts'
import { DEFAULTS } from '../store/store-fixture.ts'

/** How long an answer that must not come is waited for, in ms. */
const SILENCE_MS = 400

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres.stop())

/** The port over a real store of its own. */
async function startDurable(answerWithinMs: number) {
  const database = await postgres.createDatabase()
  await migrate(database.config, { log: silent })
  const { queue } = startQueue(database.config, { answerWithinMs })
  const pool = new Pool(database.config, { applicationName: 'test', max: 2, log: silent, queryTimeoutMs: 20_000 })
  const fixture = await startSemaphoreFixture({ steps: queue, reads: new StoredReads(pool, DEFAULTS) })
  onTestFinished(async () => {
    await fixture[Symbol.asyncDispose]()
    await queue.stop()
    await pool.end()
  })
  const submit = (id: string) => fetch(`${fixture.url}/command/r`, { method: 'POST', body: id, headers: { 'command-id': id } })
  return { fixture, submit }
}

test('201 comes after the commit: while the commit waits for a standby, there is no answer', async () => {
  const { fixture, submit } = await startDurable(60_000)
  expect((await submit('a')).status).toBe(201)
  const admin = createPostgresClient(postgres.admin.config)
  await admin.connect()
  onTestFinished(() => admin.end())
  const waitFor = async (standby: string): Promise<void> => {
    await admin.query(`alter system set synchronous_standby_names = '${standby}'`)
    await admin.query('select pg_reload_conf()')
  }
  await waitFor('none')
  await expect
    .poll(async () => (await admin.query('show synchronous_standby_names')).rows[0])
    .toMatchObject({ synchronous_standby_names: 'none' })
  let status: number | undefined
  const submitted = submit('b').then(response => (status = response.status))
  await expect.poll(async () => (await admin.query("select from pg_stat_activity where wait_event = 'SyncRep'")).rowCount).toBe(1)
  await wait(SILENCE_MS)
  expect(status).toBeUndefined()
  expect((await fetch(`${fixture.url}/command/b`)).status).toBe(404)
  await waitFor('')
  expect(await submitted).toBe(201)
  expect(await (await fetch(`${fixture.url}/command/b`)).json()).toMatchObject({ state: 'waiting', place: 2, payload: 'b' })
})

test('without Postgres there is no 201 but 503, and the same id is accepted once when Postgres runs again', async () => {
  const { fixture, submit } = await startDurable(500)
  await expect.poll(async () => (await submit('a')).status).toBeLessThan(300) // on a busy machine the first answer may be late
  await postgres.kill9()
  // The processes of its connections outlive it for a moment, and may commit: until an event of no command, which changes nothing, has no answer.
  await expect.poll(async () => (await fetch(`${fixture.url}/event/r/none`, { method: 'POST' })).status).toBe(503)
  const refused = await submit('b')
  expect([refused.status, await refused.json()]).toMatchObject([503, { code: 'unavailable' }])
  await expect.poll(async () => (await fetch(`${fixture.url}/command/a`)).status).toBe(503)
  await postgres.restart()
  await expect.poll(async () => (await submit('b')).status, { interval: 200, timeout: 40_000 }).toBeLessThan(300)
  const again = async () => {
    const { status, ...response } = await submit('b').then(async answer => ({ status: answer.status, json: await answer.json() }))
    return [status, response.json]
  }
  await expect.poll(again).toEqual([200, { resourceId: 'r', commandId: 'b' }])
  expect(await (await fetch(`${fixture.url}/resource/r`)).json()).toMatchObject({ running: 1, waiting: 1, lastPlace: 2 })
})
