import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { InvalidStepError } from '../../../semaphore/steps/step-queue.ts'
import { connectClient } from '../../../semaphore/store/connect.ts'
import type { Client } from '../../../src/postgres/pg-types.ts'
import { QueueFullError, UnavailableError } from '../../../src/transport/errors.ts'
import { testDatabase, type TestDatabase } from '../../support/postgres.ts'
import { startTcpGate } from '../../support/tcp-gate.ts'
import { Store } from '../store/store-fixture.ts'
import { cancel, finish, limits, submit } from '../test-steps.ts'
import { startQueue } from './queue-fixture.ts'

let database: TestDatabase
let store: Store
beforeAll(async () => {
  database = await testDatabase()
  store = await Store.open(database)
})
afterAll(async () => {
  await store.close()
  await database.drop()
})

const ids = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}${n}`)
const sessions = "from pg_stat_activity where application_name = 'semaphore-steps' and datname = current_database()"

/** Blocks every batch until the transaction of `client` ends. */
async function blockBatches(client: Client): Promise<void> {
  await client.query('begin')
  await client.query('select pg_advisory_xact_lock(1397050673, lane) from generate_series(0, 15) as lane')
}

async function untilBlocked(count: number): Promise<void> {
  await expect.poll(async () => (await store.rows(`select ${sessions} and wait_event = 'advisory'`)).length).toBe(count)
}

describe('the queue of steps', () => {
  test('shares a transaction between steps that arrive together, and answers each with its own outcome', async () => {
    const { queue, batches, grants } = startQueue(database.config)
    const resource = 'together'
    const outcomes = await Promise.all(ids('t', 50).map(id => queue.run(submit(id, { resource }))))
    expect(outcomes.map(outcome => outcome.outcome === 'accepted' && outcome.place)).toEqual(ids('', 50).map(n => BigInt(n) + 1n))
    expect(await queue.run(finish('t0', { resource }))).toEqual({ outcome: 'finished', state: 'finished', token: 1n })
    expect(await queue.run(limits({ resource, running: 9 }))).toMatchObject({ outcome: 'set', limits: { running: 9 } })
    expect(batches).toEqual([50, 1, 1])
    expect(grants()).toBe(10)
    await queue.stop()
  })

  test('fills the next batch while one is in flight', async () => {
    const { queue, batches } = startQueue(database.config)
    const client = await connectClient(database.config, 'test')
    await blockBatches(client)
    const first = queue.run(submit('f', { resource: 'flight' }))
    await untilBlocked(1)
    const others = ids('f', 20).map(id => queue.run(submit(id, { resource: 'flight' })))
    await client.query('commit')
    await Promise.all([first, ...others])
    expect(batches).toEqual([1, 20])
    await client.end()
    await queue.stop()
  })

  test('answers many steps for one command one after the other, in their order', async () => {
    const { queue } = startQueue(database.config)
    const resource = 'one'
    const steps = [
      submit('1', { resource }),
      submit('1', { resource }),
      finish('1', { resource }),
      finish('1', { resource }),
      cancel('1', { resource }),
    ]
    const outcomes = await Promise.all(steps.map(step => queue.run(step)))
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['accepted', 'repeated', 'finished', 'already', 'already'])
    const ofTwo = await Promise.all(['one', 'two', 'three'].map(other => queue.run(submit('2', { resource: other }))))
    expect(ofTwo.map(({ outcome }) => outcome).toSorted()).toEqual(['accepted', 'conflict', 'conflict'])
    await queue.stop()
  })

  test('refuses an invalid step without failing its neighbours', async () => {
    const { queue } = startQueue(database.config, { maxPayloadBytes: 4 })
    const resource = 'bad'
    const bad = [queue.run(submit('b\0', { resource })), queue.run(submit('b1', { resource, payload: Buffer.alloc(5) }))]
    const good = queue.run(submit('b2', { resource, payload: Buffer.of(0) }))
    for (const run of bad) await expect(run).rejects.toThrow(InvalidStepError)
    await expect(queue.run(submit('b3', { resource, payload: Buffer.alloc(5) }))).rejects.toThrow(
      'payload: got 5 bytes, expected at most 4',
    )
    expect(await good).toMatchObject({ outcome: 'accepted' })
    await queue.stop()
  })

  test('fails only the step that Postgres refuses all the same', async () => {
    const { queue } = startQueue(database.config)
    await store.rows("alter table commands add constraint odd check (command_id <> 'odd')")
    const resource = 'refused'
    const outcomes = await Promise.allSettled(['even', 'odd', 'more', 'most'].map(id => queue.run(submit(id, { resource }))))
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
    await store.rows('alter table commands drop constraint odd')
    await queue.stop()
  })

  test('refuses steps when too many wait or one waits too long, and answers late ones that they may be applied', async () => {
    const { queue, refusals } = startQueue(database.config, { maxQueueLength: 2, maxQueueAgeMs: 60_000, answerWithinMs: 300 })
    const client = await connectClient(database.config, 'test')
    await blockBatches(client)
    const waiting = ['w1', 'w2'].map(id => queue.run(submit(id, { resource: 'wait' })))
    await expect(queue.run(submit('w3', { resource: 'wait' }))).rejects.toThrow(QueueFullError)
    expect(refusals()).toBe(1)
    for (const run of waiting) await expect(run).rejects.toThrow(UnavailableError)
    await client.query('commit')
    await expect.poll(async () => (await queue.run(submit('w1', { resource: 'wait' }))).outcome).toBe('repeated')
    await client.end()
    await queue.stop()
  })

  test('applies a batch once whose connection is lost: before the commit, and after it', async () => {
    const gate = await startTcpGate(database.config.port!)
    const { queue, retries } = startQueue({ ...database.config, port: gate.port }, { checkAfterMs: 100 })
    const resource = 'lost'
    await queue.run(submit('l0', { resource }))
    await store.rows(`select pg_terminate_backend(pid) ${sessions}`)
    expect(['accepted', 'repeated']).toContain((await queue.run(submit('l1', { resource }))).outcome)
    gate.freeze() // the batch may arrive, its answer does not
    gate.let(() => 'through')
    expect(['accepted', 'repeated']).toContain((await queue.run(submit('l2', { resource }))).outcome)
    expect(retries()).toBeGreaterThan(0)
    expect(await store.rows("select command_id, place from commands where resource = 'lost' order by place")).toEqual([
      { command_id: 'l0', place: 1n },
      { command_id: 'l1', place: 2n },
      { command_id: 'l2', place: 3n },
    ])
    await queue.stop()
    await gate.close()
  })

  test('hands over no rows after a failed try, which may have been committed', async () => {
    const applied: (number | undefined)[] = []
    const { queue, retries } = startQueue(database.config, { onApplied: handOvers => void applied.push(handOvers?.length) })
    const resource = 'handed over'
    await queue.run(submit('o0', { resource }))
    const client = await connectClient(database.config, 'test')
    await blockBatches(client)
    const waits = queue.run(submit('o1', { resource }))
    await untilBlocked(1)
    await store.rows(`select pg_terminate_backend(pid) ${sessions} and wait_event = 'advisory'`)
    await expect.poll(() => retries(), { timeout: 20_000 }).toBeGreaterThan(0)
    await client.query('commit')
    await waits
    await queue.run(submit('o2', { resource }))
    expect(applied).toEqual([1, undefined, 0])
    await client.end()
    await queue.stop()
  })

  test('expires leases at a tick, and makes grants for the resources that it is given', async () => {
    const { queue, grants } = startQueue(database.config)
    await queue.run(limits({ resource: 'tick', leaseMs: 1 }))
    await queue.run(submit('k1', { resource: 'tick' }))
    await store.rows('select pg_sleep(0.01)')
    await queue.tick()
    expect(await queue.run(finish('k1', { resource: 'tick' }))).toEqual({
      outcome: 'already',
      state: 'expired',
      isRepeat: false,
      token: 1n,
    })
    await queue.stop()
    const before = grants()
    const wider = startQueue(database.config, { defaults: { running: 3, waiting: 10, leaseMs: 0, ageingMs: 0 } })
    await queueUp('touched')
    await wider.queue.touch(['touched'])
    expect([before, wider.grants()]).toEqual([1, 2])
    await wider.queue.stop()
  })

  test('is ready when Postgres accepts writes', async () => {
    const { queue } = startQueue(database.config)
    await expect.poll(() => queue.isReady()).toBe(true)
    await queue.stop()
    const down = startQueue({ ...database.config, port: 1 })
    expect(await down.queue.isReady()).toBe(false)
    await down.queue.stop()
  })
})

async function queueUp(resource: string): Promise<void> {
  await store.run(...ids(resource, 4).map(id => submit(id, { resource })))
}
