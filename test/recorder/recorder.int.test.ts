import { randomUUID } from 'node:crypto'
import { afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { readHeads } from '../../src/ledger/heads.ts'
import type { RequestedPing } from '../../src/server/recorder/ping-recorder.ts'
import type { RecorderOptions } from '../../src/server/recorder/recorder.ts'
import { TimestampConflictError } from '../../src/server/recorder/timestamp-conflict-error.ts'
import { sumOfHeads } from '../../src/terms/position.ts'
import { QueueFullError, UnavailableError } from '../../src/transport/errors.ts'
import { numberingFaults, rowsOf, setUp, withClient } from '../ledger/ledger-fixture.ts'
import { atDepth } from '../support/depth.ts'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'
import { startTcpGate } from '../support/tcp-gate.ts'
import { ping, startLoad, startRecorder, type TestRecorder } from './recorder-fixture.ts'

const LANES = 4
/** Nothing listens on this port. */
const UNREACHABLE = { host: '127.0.0.1', port: 1 }

let database: TestDatabase
let started: TestRecorder[] = []

function start(options: Partial<RecorderOptions> = {}): TestRecorder {
  const recorder = startRecorder(database.config, options)
  started.push(recorder)
  return recorder
}
const sessions = () =>
  rowsOf(database, "select from pg_stat_activity where application_name = 'ping-recorder' and datname = current_database()")
const waiting = () =>
  rowsOf(
    database,
    "select from pg_stat_activity where application_name = 'ping-recorder' and datname = current_database() and wait_event_type = 'Lock'",
  )
const total = () => withClient(database, async client => sumOfHeads(await readHeads(client)))

const KILLS = atDepth({ normally: 15, thoroughly: 60 })

describe('a recorder', () => {
  beforeAll(async () => void (await testDatabase()).drop())
  beforeEach(async () => {
    database = await testDatabase()
    await setUp(database, LANES)
  })
  afterEach(async () => {
    await Promise.all(started.map(({ recorder }) => recorder.stop()))
    started = []
    await database.drop()
  })

  test('records pings that arrive together in one transaction', async () => {
    const { recorder, batches } = start()
    await Promise.all(Array.from({ length: 500 }, () => recorder.record(ping())))
    expect(batches.map(({ inserted }) => inserted.length)).toEqual([500])
    await Promise.all(Array.from({ length: 2_500 }, () => recorder.record(ping())))
    expect(
      batches
        .slice(1)
        .map(({ inserted }) => inserted.length)
        .sort(),
    ).toEqual([1_000, 1_000, 500].sort())
    expect(await numberingFaults(database)).toEqual([])
    expect(await total()).toBe(3_000n)
  })

  test('records the time that the caller gives, or else the time of the server’s clock', async () => {
    const { recorder, batches } = start()
    const before = BigInt(Date.now())
    await recorder.record(ping('none'))
    await recorder.record(ping(-5n))
    const [clock, given] = batches.map(({ inserted }) => inserted[0]!.timestampMs)
    expect(clock! >= before && clock! <= BigInt(Date.now())).toBe(true)
    expect(given).toBe(-5n)
  })

  test('prefers the lanes that it is given, and takes them in turn', async () => {
    const { recorder, batches } = start({ preferredLanes: () => [1, 3] })
    for (let n = 0; n < 6; n++) await recorder.record(ping())
    expect(batches.map(({ lane }) => lane).sort()).toEqual([1, 1, 1, 3, 3, 3])
  })

  test('records an id once when several callers send it to several recorders at once', async () => {
    const recorders = [start(), start(), start()].map(({ recorder }) => recorder)
    const ids = Array.from({ length: 60 }, () => randomUUID())
    for (let round = 0; round < 5; round++) {
      const shuffled = recorders.map(recorder => ({ recorder, order: ids.toSorted(() => Math.random() - 0.5) }))
      await Promise.all(shuffled.flatMap(({ recorder, order }) => [...order, ...order].map(id => recorder.record(ping(7n, id)))))
    }
    expect(await total()).toBe(60n)
    expect(await numberingFaults(database)).toEqual([])
  })

  test('reports a conflict for a recorded id with another time, in the same batch and later, and accepts it without a time', async () => {
    const { recorder } = start()
    const id = randomUUID()
    const together = await Promise.allSettled([
      recorder.record(ping(1n, id)),
      recorder.record(ping(2n, id)),
      recorder.record(ping('none', id)),
      recorder.record(ping(1n, id)),
    ])
    expect(together.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
    expect((together[1] as PromiseRejectedResult).reason).toBeInstanceOf(TimestampConflictError)
    await expect(recorder.record(ping(2n, id))).rejects.toThrow(`got 2, but ping_id ${id} was recorded with 1`)
    await recorder.record(ping(1n, id))
    await recorder.record(ping('none', id))
    expect(await total()).toBe(1n)
  })

  test('refuses a ping at once while the queue is full, and accepts pings again when there is room', async () => {
    const { recorder } = start({ maxQueueLength: 10 })
    const accepted = Promise.all(Array.from({ length: 10 }, () => recorder.record(ping())))
    let recorded = false
    void accepted.then(() => (recorded = true))
    const refused: unknown = await recorder.record(ping()).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(QueueFullError)
    expect((refused as QueueFullError).retryAfterMs).toBeGreaterThan(0)
    expect(recorded).toBe(false)
    await accepted
    await new Promise(setImmediate)
    await recorder.record(ping())
    expect(await total()).toBe(11n)
  })

  test('records in other lanes while a transaction that another client left open holds a lane', async () => {
    const { recorder, batches } = start()
    await withClient(database, async hand => {
      await hand.query('begin')
      await hand.query('insert into pings (id, pinged_at) values (gen_random_uuid(), now())')
      const { rows } = await hand.query('select lane from pings')
      for (let n = 0; n < 12; n++) await recorder.record(ping())
      expect(batches.filter(({ lane }) => lane === rows[0].lane)).toEqual([])
      await hand.query('commit')
    })
    expect(await total()).toBe(13n)
  })

  test('waits for batches that Postgres still works on, and opens no more than its two sessions', async () => {
    const gate = await startTcpGate(database.config.port!)
    onTestFinished(() => gate.close())
    const { recorder, retries } = start({ checkAfterMs: 150, postgres: { ...database.config, port: gate.port } })
    await recorder.record(ping())
    let recording: Promise<unknown> | undefined
    await withClient(database, async hand => {
      await hand.query('begin')
      await hand.query('lock table pings')
      const first = recorder.record(ping())
      await expect.poll(waiting).toHaveLength(1)
      recording = Promise.all([first, recorder.record(ping())])
      await expect.poll(waiting).toHaveLength(2)
      const before = gate.accepted()
      await expect.poll(gate.accepted).toBeGreaterThan(before + 5) // each check opens a connection
      expect(await sessions()).toHaveLength(2)
      await hand.query('commit')
    })
    await recording
    expect(retries()).toBe(0)
    expect(await total()).toBe(3n)
  })

  test('loses and doubles no ping while its connections are killed, and keeps at most two', { timeout: 300_000 }, async () => {
    const recorders = [start(), start()]
    const load = startLoad(
      recorders.map(({ recorder }) => recorder),
      32,
    )
    await withClient(database, async killer => {
      for (let kills = 0; kills < KILLS || load.acked.size < 300; kills++) {
        const { size } = load.acked
        await killer.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ping-recorder' and datname = current_database()",
        )
        await expect.poll(() => load.acked.size, { interval: 5 }).toBeGreaterThan(size) // so that a slow machine gets on, too
        await new Promise(resolve => setTimeout(resolve, Math.random() * 40))
      }
    })
    await load.stop()
    const rows = await rowsOf<{ id: string }>(database, 'select id from pings')
    expect(new Set(rows.map(({ id }) => id))).toEqual(load.acked)
    expect(rows).toHaveLength(load.acked.size)
    expect(load.acked).toEqual(load.sent)
    expect(await numberingFaults(database)).toEqual([])
    expect(recorders.reduce((sum, { retries }) => sum + retries(), 0)).toBeGreaterThan(KILLS / 3)
    await expect.poll(async () => (await sessions()).length).toBeLessThanOrEqual(4) // one that was killed may take a while to end
  })

  test('answers many pings of one call in their order: an id twice, an id with another time, an id that is already recorded', async () => {
    const { recorder, batches } = start()
    const known = ping(1n)
    await recorder.record(known)
    const [a, b] = [ping(5n), ping('none')]
    const outcomes = await recorder.recordAll([
      a,
      known,
      ping(2n, known.id),
      b,
      ping(5n, a.id),
      ping(6n, a.id),
      ping('none', known.id),
      ping('none', a.id),
    ])
    expect(outcomes.map(outcome => outcome?.constructor)).toEqual([
      undefined,
      undefined,
      TimestampConflictError,
      undefined,
      undefined,
      TimestampConflictError,
      undefined,
      undefined,
    ])
    expect(outcomes[2]!.message).toContain(`got 2, but ping_id ${known.id} was recorded with 1`)
    expect(outcomes[5]!.message).toContain(`got 6, but ping_id ${a.id} was recorded with 5`)
    expect(batches.flatMap(({ inserted }) => inserted.map(({ id }) => id)).sort()).toEqual([known.id, a.id, b.id].sort())
    expect(await recorder.recordAll([])).toEqual([])
    expect(await numberingFaults(database)).toEqual([])
  })

  test('refuses only those of many pings that exceed the queue', async () => {
    const { recorder, refusals } = start({ maxQueueLength: 10, maxBatchSize: 4 })
    const outcomes = await recorder.recordAll(Array.from({ length: 15 }, () => ping()))
    expect(outcomes.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => undefined))
    expect(outcomes.slice(10).map(outcome => outcome?.constructor)).toEqual(Array.from({ length: 5 }, () => QueueFullError))
    expect([new Set(outcomes.slice(10)).size, refusals()]).toEqual([1, 5]) // one error for all: creating thousands would delay other callers
    expect(await total()).toBe(10n)
  })

  test('records everything that it accepted before it stops', async () => {
    const { recorder, batches } = start({ maxBatchSize: 100 })
    const accepted = Array.from({ length: 2_000 }, () => recorder.record(ping()))
    let acked = 0
    for (const recorded of accepted) void recorded.then(() => acked++)
    await recorder.stop()
    expect(acked).toBe(2_000)
    expect(batches.length).toBe(20)
    expect(await total()).toBe(2_000n)
    await expect.poll(sessions).toHaveLength(0)
  })
})

describe('a recorder that cannot reach Postgres', () => {
  test('is not ready, answers its callers with an error in time, and stops', async () => {
    const { recorder } = startRecorder(UNREACHABLE, { answerWithinMs: 200 })
    expect(await recorder.isReady()).toBe(false)
    const waiting = [recorder.record(ping()), recorder.record(ping())]
    const answers = await Promise.allSettled(waiting)
    expect(answers.map(answer => (answer as PromiseRejectedResult).reason)).toEqual([
      expect.any(UnavailableError),
      expect.any(UnavailableError),
    ])
    await recorder.stop()
  })

  test('answers every ping of a call of many with an error in time', async () => {
    const { recorder } = startRecorder(UNREACHABLE, { answerWithinMs: 100, maxBatchSize: 2 })
    const outcomes = await recorder.recordAll([ping(), ping(), ping()])
    expect(outcomes.map(outcome => outcome?.constructor)).toEqual([UnavailableError, UnavailableError, UnavailableError])
    await recorder.stop()
  })

  test('refuses a ping at once while the oldest queued ping has waited too long', async () => {
    let refused: unknown
    // If this process stands still, the queued ping gets its answer before, and leaves the queue: then with more time.
    for (let answerWithinMs = 1_000; !(refused instanceof QueueFullError) && answerWithinMs < 30_000; answerWithinMs *= 5) {
      const { recorder } = startRecorder(UNREACHABLE, { maxQueueAgeMs: 100, answerWithinMs, maxBatchSize: 1 })
      const waiting = Promise.allSettled(Array.from({ length: 3 }, () => recorder.record(ping()))) // two in flight, one queued
      await new Promise(resolve => setTimeout(resolve, 150))
      refused = await recorder.record(ping()).catch((error: unknown) => error)
      await waiting
      await recorder.stop()
    }
    expect(refused).toBeInstanceOf(QueueFullError)
  })

  test('drops a batch that expired before it was sent, and records later pings', async () => {
    await withMigrated(async config => {
      const target = { ...config, port: UNREACHABLE.port }
      const { recorder, batches } = startRecorder(target, { answerWithinMs: 300, maxQueueAgeMs: 60_000, maxBatchSize: 1 })
      const inFlight = [ping(), ping()]
      const queued = ping()
      const answers = await Promise.allSettled([...inFlight, queued].map(each => recorder.record(each)))
      expect(answers.every(({ status }) => status === 'rejected')).toBe(true)
      target.port = config.port
      await expect.poll(() => batches.length).toBe(2) // a batch that was sent is retried until it is recorded
      const late = [ping(), ping()]
      const isRecorded = (each: RequestedPing) =>
        recorder.record(each).then(
          () => true,
          () => false,
        )
      // With as little time as these have, some need more than one try on a busy machine.
      for (const each of late) await expect.poll(() => isRecorded(each)).toBe(true)
      expect(batches.flatMap(({ inserted }) => inserted.map(({ id }) => id)).sort()).toEqual(
        [...inFlight, ...late].map(({ id }) => id).sort(),
      )
      await recorder.stop()
    })
  })

  test('answers a caller whose ping arrives after the last batch has expired', async () => {
    const { recorder } = startRecorder(UNREACHABLE, { answerWithinMs: 100, maxQueueAgeMs: 60_000 })
    const first = Promise.allSettled([recorder.record(ping())])
    await new Promise(resolve => setTimeout(resolve, 20))
    const second = Promise.allSettled([recorder.record(ping())])
    await new Promise(resolve => setTimeout(resolve, 20))
    const third = Promise.allSettled([recorder.record(ping())]) // joins the second's batch or the one after it
    await Promise.all([first, second, third])
    await expect(recorder.record(ping())).rejects.toThrow(UnavailableError)
    await recorder.stop()
  })
})

async function withMigrated(use: (config: TestDatabase['config'] & { port: number }) => Promise<void>): Promise<void> {
  const own = await testDatabase()
  try {
    await setUp(own, LANES)
    await use({ ...own.config, port: own.config.port! })
  } finally {
    await own.drop()
  }
}
