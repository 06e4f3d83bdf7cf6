import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { PostgresOutbox } from '../../../semaphore/relay/postgres-outbox.ts'
import { Relay } from '../../../semaphore/relay/relay.ts'
import { StepQueue, type StepQueueOptions } from '../../../semaphore/steps/step-queue.ts'
import { migrate } from '../../../semaphore/store/migrate.ts'
import type { Submit } from '../../../semaphore/terms/step.ts'
import type { OutgoingRecord } from '../../../src/kafka/partition-choice.ts'
import { wait } from '../../../src/runtime/wait.ts'
import { rowsOf, silent, sql } from '../../ledger/ledger-fixture.ts'
import { testDatabase, type TestDatabase } from '../../support/postgres.ts'
import { until } from '../../support/programs.ts'

const NOTHING = () => undefined
/** Of relays. */
const SESSIONS = "from pg_stat_activity where application_name = 'semaphore-relay' and datname = current_database()"
const TOPICS = { actionable: 'actionable', outcomes: 'outcomes' }
/** Never within a test. */
const POLL_MS = 60_000
/** Often, but most rows are handed over before. */
const LOOK_MS = 100

/** A relay as an instance has it, with a topic in memory. */
function createRelay(database: TestDatabase, pollMs = POLL_MS, sent: OutgoingRecord[] = []) {
  const state = { lanes: 0, retries: 0, isDown: false, losesAnswers: false, reads: 0 }
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
        if (state.losesAnswers) throw new Error('the answer of Kafka is lost')
      },
      stop: async () => undefined,
    },
    log: silent,
    metrics: { sent: NOTHING, lanesHeld: lanes => void (state.lanes = lanes), relayRetried: () => void state.retries++ },
    pollMs,
  })
  return { relay, state, sent, ids: () => sent.map(({ headers }) => headers?.['command-id']) }
}

function submitOf(commandId: string, resource: string): Submit {
  return { kind: 'submit', resource, commandId, payload: Buffer.from(commandId) }
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

  async function start(pollMs?: number, sent?: OutgoingRecord[]) {
    const started = createRelay(database, pollMs, sent)
    started.relay.start()
    stops.push(() => started.relay.stop())
    return started
  }
  /** Submits commands, whose grants are then in the outbox. */
  function submits(relay: Pick<Relay, 'offer'> | undefined) {
    const queue = createQueue(database, handOvers => relay?.offer(handOvers))
    stops.push(() => queue.stop())
    return (...ids: string[]) => Promise.all(ids.map(commandId => queue.run(submitOf(commandId, `of ${commandId}`))))
  }
  const outbox = () => rowsOf<{ rows: bigint }>(database, 'select count(*) as rows from semaphore.outbox')

  const relaySessions = async () => (await rowsOf(database, `select ${SESSIONS}`)).length

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
    await until('both are connected', async () => (await relaySessions()) === 2)
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
    // From now on nothing else tells it. One of them may be read with what was announced before.
    for (const id of ['c', 'd', 'e']) {
      await submit(id)
      await until(`${id} is published`, () => first.ids().includes(id))
    }
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

  test('publishes a resource in order, and repeats only what it has published, whatever happens to sessions and to answers of Kafka', async () => {
    const topic: OutgoingRecord[] = []
    const instances = [await start(LOOK_MS, topic), await start(LOOK_MS, topic)]
    const isOver = new AbortController()
    // What is committed without a word to any relay, as by an instance that is killed then, comes between what is handed over.
    const working = [work(instances[0]!.relay, 'handed over', isOver.signal), work(undefined, 'silent', isOver.signal)]
    const retries = () => instances.reduce((sum, { state }) => sum + state.retries, 0)
    const setLoss = (losesAnswers: boolean) => instances.forEach(({ state }) => Object.assign(state, { losesAnswers }))
    for (let round = 0; round < 5; round++) {
      const [length, lost] = [topic.length, retries()]
      await until('more is published', () => topic.length > length + 20)
      setLoss(true)
      await until('an answer is lost', () => retries() > lost)
      if (round % 2 === 1) setLoss(false)
      await sql(database, `select pg_terminate_backend(pid) ${SESSIONS}`)
      setLoss(false)
    }
    isOver.abort()
    await Promise.all(working)
    await until('the outbox is empty', async () => (await outbox())[0]!.rows === 0n)
    const [grants, finished] = ['actionable', 'outcomes'].map(name => firstByToken(topic.filter(record => record.topic === name)))
    expect([...grants!.keys()]).toEqual(Array.from({ length: grants!.size }, (_, index) => String(index + 1)))
    expect(new Set(finished!.keys())).toEqual(new Set(grants!.keys()))
    for (const [token, record] of finished!) expect(topic.indexOf(record)).toBeGreaterThan(topic.indexOf(grants!.get(token)!))
  })

  /** Submits and finishes commands of one resource, one after the other. */
  async function work(relay: Relay | undefined, name: string, isOver: AbortSignal): Promise<void> {
    const queue = createQueue(database, handOvers => relay?.offer(handOvers))
    stops.push(() => queue.stop())
    for (let number = 0; !isOver.aborted; number++) {
      const commandId = `${number} ${name}`
      await queue.run(submitOf(commandId, 'shared'))
      await queue.run({ kind: 'finish', resource: 'shared', commandId })
      await wait(number % 10) // what is committed without a pause is read
    }
  }

  /** The first record with each token. Further ones must be equal. */
  function firstByToken(records: readonly OutgoingRecord[]): ReadonlyMap<string, OutgoingRecord> {
    const first = new Map<string, OutgoingRecord>()
    for (const record of records) {
      const token = String(record.headers!['token'])
      if (first.has(token)) expect(record).toEqual(first.get(token))
      else first.set(token, record)
    }
    return first
  }

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
