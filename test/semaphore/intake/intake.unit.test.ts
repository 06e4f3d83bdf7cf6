import type { KafkaMessage } from 'kafkajs'
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { decodeRequest } from '../../../semaphore/intake/decode-request.ts'
import { Intake } from '../../../semaphore/intake/intake.ts'
import { placeOf } from '../../../semaphore/intake/record-ids.ts'
import type { Refusal } from '../../../semaphore/store/refusals.ts'
import type { Outcome, Step } from '../../../semaphore/terms/step.ts'
import { PartitionOffsets } from '../../../src/kafka/offsets.ts'
import type { BatchControl } from '../../../src/kafka/record-consumer-options.ts'
import { until } from '../../support/programs.ts'

const TOPIC = 'command-requests'
const PARTITION = 2

function message(offset: number, key: string | null): KafkaMessage {
  const common = { offset: String(offset), timestamp: '1', attributes: 0, headers: {} }
  return { ...common, key: key === null ? null : Buffer.from(key), value: Buffer.from('x') }
}

/** An intake whose steps are applied when the test says so. */
function create(maxOpen = 100) {
  const running: { step: Step; settle: PromiseWithResolvers<Outcome> }[] = []
  const dead: string[] = []
  const taken: number[] = []
  const verdicts: string[] = []
  const published: Refusal[] = []
  const state = { isOver: false, isDown: false, refused: new Map<number, number>(), counts: true, waits: 0 }
  const again: string[] = []
  const stopping = new AbortController()
  const intake = new Intake({
    decoders: new Map([[TOPIC, (record, partition) => decodeRequest(record, placeOf(TOPIC, partition, record), 10)]]),
    steps: {
      run: step => {
        const settle = Promise.withResolvers<Outcome>()
        running.push({ step, settle })
        return settle.promise
      },
    },
    refusals: {
      claim: async () => ({ reader: 'me', refused: state.refused }),
      publish: async refusal => {
        published.push(refusal)
        return state.counts
      },
    },
    deadLetters: new Map([
      [
        TOPIC,
        {
          put: async (partition, { offset }, reason) => {
            if (state.isDown) throw new Error('Kafka is down')
            dead.push(`${partition}/${offset} ${reason}`)
          },
        },
      ],
    ]),
    maxOpen,
    signal: stopping.signal,
    disputedForMs: 1,
    log: pino({ level: 'silent' }),
    metrics: { recordTaken: (_, verdict) => void verdicts.push(verdict) },
  })
  const control: BatchControl = {
    get isOver() {
      return state.isOver
    },
    taken: offset => void taken.push(offset),
    heartbeat: async () => undefined,
    waitFor: async event => {
      state.waits++
      await event
    },
    startAgain: reason => void again.push(reason.message),
  }
  const offsets = new PartitionOffsets()
  const take = (...messages: KafkaMessage[]) =>
    intake.take({ topic: TOPIC, partition: PARTITION, messages, offsets, start: undefined }, control)
  return { intake, running, dead, taken, verdicts, published, state, offsets, take, again, stopping }
}

const turn = () => new Promise(resolve => setImmediate(resolve))

describe('the intake', () => {
  test('commits an offset only when the steps of all records before it are committed', async () => {
    const { running, offsets, take } = create()
    await take(message(5, 'a'), message(6, 'b'), message(7, 'a'))
    expect(running.map(({ step }) => step.resource)).toEqual(['a', 'b', 'a'])
    running[1]!.settle.resolve({ outcome: 'unknown' })
    await turn()
    expect(offsets.toCommit()).toBe(5)
    running[0]!.settle.resolve({ outcome: 'unknown' })
    await turn()
    expect(offsets.toCommit()).toBe(7)
    running[2]!.settle.resolve({ outcome: 'unknown' })
    await turn()
    expect(offsets.toCommit()).toBe(8)
  })

  test('waits for the claim of a partition at its first records only', async () => {
    const { state, running, take } = create()
    await take(message(5, 'a'))
    await take(message(6, 'a'))
    await take(message(7, 'a'))
    expect(running).toHaveLength(3)
    expect(state.waits).toBe(1)
  })

  test('gives the record of a step that was not applied before a stop to no commit', async () => {
    const { intake, running, dead, offsets, take, stopping } = create()
    await take(message(5, 'a'), message(6, 'b'))
    running[1]!.settle.resolve({ outcome: 'unknown' })
    stopping.abort()
    running[0]!.settle.reject(new Error('stopped'))
    await intake.idle()
    expect(offsets.toCommit()).toBe(5)
    expect(dead).toEqual([])
  })

  test('writes the record of a step that can never be applied to the dead letters and goes on', async () => {
    const { intake, running, dead, offsets, take } = create()
    await take(message(5, 'a'), message(6, 'b'))
    running[0]!.settle.reject(new Error('Postgres refused the step', { cause: new Error('the database is not in UTF-8') }))
    running[1]!.settle.resolve({ outcome: 'unknown' })
    await intake.idle()
    expect(dead).toEqual(['2/5 the step cannot be applied: Postgres refused the step: the database is not in UTF-8'])
    expect(offsets.toCommit()).toBe(7)
  })

  test('writes a malformed record to the dead letters and goes on', async () => {
    const { running, dead, verdicts, offsets, take } = create()
    await take(message(5, null), message(6, 'a'))
    await turn()
    expect(dead).toEqual(['2/5 key: got none, expected the id of a resource'])
    expect(running).toHaveLength(1)
    expect(verdicts).toEqual(['malformed'])
    expect(offsets.toCommit()).toBe(6)
  })

  test('writes dead letters in order, and does not commit their records before Kafka accepts them', async () => {
    const { intake, state, dead, offsets, take } = create()
    state.isDown = true
    await take(message(5, null), message(6, null), message(7, null))
    await turn()
    expect([dead, offsets.toCommit()]).toEqual([[], 5])
    state.isDown = false
    await intake.idle()
    expect(dead.map(each => each.slice(0, 3))).toEqual(['2/5', '2/6', '2/7'])
    expect(offsets.toCommit()).toBe(8)
  })

  test('takes no more records while too many are not done', async () => {
    const { running, take } = create(2)
    const all = take(message(1, 'a'), message(2, 'b'), message(3, 'c'))
    await turn()
    expect(running).toHaveLength(2)
    running[0]!.settle.resolve({ outcome: 'unknown' })
    await all
    expect(running).toHaveLength(3)
  })

  test('takes no more records once the partition is lost', async () => {
    const { running, taken, state, take } = create()
    state.isOver = true
    await take(message(1, 'a'))
    expect([running.length, taken.length]).toEqual([0, 0])
  })

  test('publishes why a record was refused, before its offset is committed', async () => {
    const { running, published, verdicts, offsets, take } = create()
    await take(message(5, 'a'))
    running[0]!.settle.resolve({ outcome: 'full', limit: 1, waiting: 1 })
    expect(offsets.toCommit()).toBe(5)
    await turn()
    const record = { topic: TOPIC, partition: PARTITION, offset: 5, timestampMs: 1 }
    expect(published).toMatchObject([{ kind: 'refusedFull', resource: 'a', commandId: `${TOPIC}:2:5:1`, reader: 'me', record }])
    expect([verdicts, offsets.toCommit()]).toEqual([['refused'], 6])
  })

  test('commits no record whose refusal another reader of the partition may contradict', async () => {
    const { running, state, verdicts, offsets, take } = create()
    state.counts = false
    await take(message(5, 'a'))
    running[0]!.settle.resolve({ outcome: 'full', limit: 1, waiting: 1 })
    await turn()
    expect([verdicts, offsets.toCommit()]).toEqual([[], 5])
  })

  test('asks once for its partition again when a late claim of another instance has replaced its own', async () => {
    const { running, state, again, take } = create()
    state.counts = false
    await take(message(5, 'a'), message(6, 'b'))
    for (const { settle } of running) settle.resolve({ outcome: 'full', limit: 1, waiting: 1 })
    await until('it has asked', () => again.length > 0)
    await new Promise(resolve => setTimeout(resolve, 10))
    expect(again).toEqual(['partition 2 of command-requests: got a claim of another instance, expected none while it is assigned here'])
  })

  test('leaves a record refused that was refused before, but not one of a new topic at its offset', async () => {
    const { running, state, verdicts, offsets, take } = create()
    state.refused = new Map([
      [5, 1],
      [6, 0],
    ])
    await take(message(5, 'a'), message(6, 'b'))
    expect(running.map(({ step }) => step.resource)).toEqual(['b'])
    expect([verdicts, offsets.toCommit()]).toEqual([['refused before'], 6])
  })
})
