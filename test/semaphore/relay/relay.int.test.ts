import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { PostgresOutbox } from '../../../semaphore/relay/postgres-outbox.ts'
import { Relay } from '../../../semaphore/relay/relay.ts'
import { StepQueue, type StepQueueOptions } from '../../../semaphore/steps/step-queue.ts'
import { migrate } from '../../../semaphore/store/migrate.ts'
import type { OutgoingRecord } from '../../../src/kafka/partition-choice.ts'
import { rowsOf, silent, sql } from '../../ledger/ledger-fixture.ts'
import { testDatabase, type TestDatabase } from '../../support/postgres.ts'
import { until } from '../../support/programs.ts'

const NOTHING = () => undefined
const TOPICS = { actionable: 'actionable', outcomes: 'outcomes' }
/** Never within a test. */
const POLL_MS = 60_000

/** A relay as an instance has it, with a topic in memory. */
function createRelay(database: TestDatabase, pollMs = POLL_MS) {
  const state = { lanes: 0, retries: 0, isDown: false, reads: 0 }
  const sent: OutgoingRecord[] = []
  const relay = new Relay({
    openOutbox: async onAnnounced => {
      const outbox = await PostgresOutbox.open(database.config, TOPICS, onAnnounced, 2 * POLL_MS)
      const recordsAfter: PostgresOutbox['recordsAfter'] = (...asked) => {
        state.reads++
        return PostgresOutbox.prototype.recordsAfter.apply(outbox, asked)
      }
      return Object.assign(outbox, { recordsAfter })
    },
    publisher: {
      publish: async records => {
        if (state.isDown) throw new Error('Kafka is down')
        sent.push(...records)
      },
      stop: async () => undefined,
    },
    log: silent,
    metrics: { sent: NOTHING, lanesHeld: lanes => void (state.lanes = lanes), relayRetried: () => void state.retries++ },
    pollMs,
  })
  return { relay, state, sent, ids: () => sent.map(({ headers }) => headers?.['command-id']) }
}

function createQueue(database: TestDatabase, onApplied: StepQueueOptions['onApplied']): StepQueue {
  return new StepQueue({
    postgres: database.config,
    log: silent,
    metrics: { batchApplied: NOTHING, batchRetried: NOTHING, stepRefused: NOTHING, watchSteps: NOTHING },
    defaults: { running: 1_000, waiting: 1_000, leaseMs: 0, ageingMs: 0 },
    graceMs: 0,
    maxPayloadBytes: 1_000,
    maxBatchSize: 100,
    maxQueueLength: 1_000,
    maxQueueAgeMs: 60_000,
    answerWithinMs: 60_000,
    onApplied,
  })
}

describe("the semaphore's relay", () => {
  let database: TestDatabase
  const stops: (() => Promise<void>)[] = []
  beforeEach(async () => {
    database = await testDatabase()
    await migrate(database.config, { log: silent })
  })
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop()
    await database.drop()
  })

  async function start(pollMs?: number) {
    const started = createRelay(database, pollMs)
    started.relay.start()
    stops.push(() => started.relay.stop())
    return started
  }
  /** Submits commands, whose grants are then in the outbox. */
  function submits(relay: Pick<Relay, 'offer'> | undefined) {
    const queue = createQueue(database, handOvers => relay?.offer(handOvers))
    stops.push(() => queue.stop())
    return (...ids: string[]) =>
      Promise.all(
        ids.map(commandId => queue.run({ kind: 'submit', resource: `of ${commandId}`, commandId, payload: Buffer.from(commandId) })),
      )
  }
  const outbox = () => rowsOf<{ rows: bigint }>(database, 'select count(*) as rows from semaphore.outbox')

  /** Of relays. */
  const idleSessions = async () =>
    (await rowsOf(database, "select from pg_stat_activity where application_name = 'semaphore-relay' and datname = current_database()"))
      .length

  test('publishes at once what its own instance has committed, and removes it from Postgres', async () => {
    const { relay, state, ids } = await start()
    await until('it has the lanes', () => state.lanes === 16)
    await submits(relay)('a', 'b', 'c')
    await until('all are published', () => ids().length === 3)
    expect(ids().toSorted()).toEqual(['a', 'b', 'c'])
    await until('the outbox is empty', async () => (await outbox())[0]!.rows === 0n)
  })

  test('does not read what its own instance has committed in small batches, one after the other', async () => {
    const { relay, state, ids } = await start()
    await until('it has the lanes', () => state.lanes === 16)
    const submit = submits(relay)
    const sent: string[] = []
    // The first ones may be committed before the first reads have ended, and are then read.
    for (let unread = 0; unread < 5;) {
      expect(sent.length).toBeLessThan(50)
      const readsBefore = state.reads
      sent.push(`command ${sent.length}`)
      await submit(sent.at(-1)!)
      await until('it is published', () => ids().length === sent.length)
      unread = state.reads === readsBefore ? unread + 1 : 0
    }
    expect(ids()).toEqual(sent)
    await until('the outbox is empty', async () => (await outbox())[0]!.rows === 0n)
  })

  test('publishes at once what another instance has committed', async () => {
    const first = await start()
    await until('it has the lanes', () => first.state.lanes === 16)
    const second = await start()
    await until('both are connected', async () => (await idleSessions()) === 2)
    expect(second.state.lanes).toBe(0)
    const submit = submits(second.relay)
    await submit('a', 'b')
    // The other one may have connected only a moment later, and knows nothing of a commit before that.
    let [later, sinceMs] = [0, performance.now()]
    await until('all are published', async () => {
      if (first.ids().length > 0) return first.ids().length === 2 + later
      if (performance.now() - sinceMs < 1_000) return false
      await submit(`later ${++later}`)
      sinceMs = performance.now()
      return false
    })
    expect(second.sent).toEqual([])
  })

  test('takes the lanes of an instance that has stopped', async () => {
    const first = await start()
    await until('it has the lanes', () => first.state.lanes === 16)
    const second = await start(50)
    await first.relay.stop()
    await until('the other one has them', () => second.state.lanes === 16)
    await submits(second.relay)('a')
    await until('it is published', () => second.ids().length === 1)
  })

  test('keeps everything while Kafka is down, and then publishes it in order', async () => {
    const { relay, state, ids } = await start()
    await until('it has the lanes', () => state.lanes === 16)
    state.isDown = true
    const submit = submits(relay)
    await submit('a')
    await until('it was tried', () => state.retries > 0)
    await submit('b')
    expect((await outbox())[0]!.rows).toBe(2n)
    state.isDown = false
    await until('both are published', () => ids().length === 2)
  })

  test('reads a lane again whose position was changed by hand', async () => {
    const { relay, state, ids } = await start()
    await until('it has the lanes', () => state.lanes === 16)
    const submit = submits(relay)
    await submit('a')
    await until('the outbox is empty', async () => ids().length === 1 && (await outbox())[0]!.rows === 0n)
    await sql(database, 'update semaphore.lanes set published_tag = 1')
    await submit('b')
    await until('it is published', () => ids().includes('b'))
  })

  test('publishes what is committed before it stops', async () => {
    const { relay, state, ids } = await start()
    await until('it has the lanes', () => state.lanes === 16)
    await submits(undefined)('a')
    await relay.stop()
    stops.length = 0
    expect(ids()).toEqual(['a'])
    expect((await outbox())[0]!.rows).toBe(0n)
  })
})
