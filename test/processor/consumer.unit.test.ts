import { EventEmitter } from 'node:events'
import type { Consumer, Kafka } from 'kafkajs'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Assignment } from '../../processor/assignment.ts'
import { PingConsumer } from '../../processor/consumer.ts'
import { Flusher } from '../../processor/flusher.ts'
import { Lanes } from '../../processor/lanes.ts'
import { createProcessorMetrics } from '../../processor/metrics.ts'
import { WantedWork } from '../../processor/wanted-work.ts'
import type { Cache } from '../../src/counters/connect.ts'
import type { DeadLetters } from '../../src/kafka/dead-letters.ts'
import type { TopicSettings } from '../../src/kafka/settings.ts'
import { wait } from '../../src/runtime/wait.ts'
import { START } from '../../src/terms/position.ts'
import { silent } from '../counters/caches.ts'
import { encode } from '../support/encode-event.ts'
import { event } from './events.ts'

const TOPIC = 'pings'
const COMMIT_INTERVAL_MS = 1_000
type EachBatch = (payload: object) => Promise<void>

/** A kafkajs consumer that does what the test scripts. */
class ScriptedConsumer {
  readonly events = { CRASH: 'crash', GROUP_JOIN: 'join' }
  readonly emitter = new EventEmitter()
  readonly commits: string[] = []
  eachBatch: EachBatch | undefined
  isConnected = false
  readonly on = (name: string, listener: (event: unknown) => void) => this.emitter.on(name, listener)
  readonly connect = async () => void (this.isConnected = true)
  readonly disconnect = async () => void (this.isConnected = false)
  readonly subscribe = async () => undefined
  readonly run = async ({ eachBatch }: { eachBatch: EachBatch }) => void (this.eachBatch = eachBatch)
  /** What its commits wait for. */
  commitGate: Promise<void> = Promise.resolve()
  readonly commitOffsets = async (offsets: { partition: number; offset: string }[]) => {
    this.commits.push(...offsets.map(({ partition, offset }) => `${partition}@${offset}`))
    await this.commitGate
  }

  join(partitions: readonly number[]): void {
    this.emitter.emit('join', { payload: { memberAssignment: { [TOPIC]: partitions } } })
  }
  crash(error: Error): void {
    this.emitter.emit('crash', { payload: { error } })
  }
  take(partition: number, values: readonly (Buffer | null)[]): Promise<void> {
    const messages = values.map((value, offset) => ({ value, offset: String(offset), headers: {} }))
    const running = { resolveOffset: () => undefined, heartbeat: async () => undefined, isRunning: () => true, isStale: () => false }
    return this.eachBatch!({ batch: { topic: TOPIC, partition, messages }, ...running })
  }
}

let lives: ScriptedConsumer[]
let consumer: PingConsumer
let lanes: Lanes
let assignment: Assignment
let put: ReturnType<typeof vi.fn<DeadLetters['put']>>
beforeEach(() => startConsumer(COMMIT_INTERVAL_MS))
afterEach(() => consumer.stop())

function startConsumer(commitIntervalMs: number): void {
  lives = []
  lanes = new Lanes()
  lanes.grow(2)
  assignment = new Assignment()
  for (const lane of lanes) lane.adopt(START)
  put = vi.fn<DeadLetters['put']>(async () => undefined)
  const admin = {
    connect: async () => undefined,
    disconnect: async () => undefined,
    listTopics: async () => [TOPIC],
    fetchTopicMetadata: async () => ({ topics: [{ partitions: [{}, {}] }] }),
  }
  const kafka = {
    admin: () => admin,
    consumer: () => {
      lives.push(new ScriptedConsumer())
      return lives.at(-1) as unknown as Consumer
    },
  } as unknown as Kafka
  const metrics = createProcessorMetrics()
  const flusher = new Flusher({
    cache: { pingFlush: async () => ['OK'] } as unknown as Cache,
    lanes,
    log: silent,
    metrics,
    maxMinutes: 100,
    flushRecords: 1_000,
    flushIntervalMs: 10,
    wanted: new WantedWork(),
  })
  consumer = new PingConsumer({
    kafka,
    topic: TOPIC,
    groupId: 'g',
    topicSettings: {} as TopicSettings,
    flusher,
    deadLetters: { put } as unknown as DeadLetters,
    log: silent,
    metrics,
    maxOpenRecords: 1_000,
    commitIntervalMs,
    assignment,
    lanes,
    ready: Promise.resolve(),
  })
  consumer.start()
}

const life = async (number: number) => {
  await vi.waitUntil(() => lives.length >= number && lives[number - 1]!.eachBatch !== undefined, { timeout: 20_000 })
  return lives[number - 1]!
}

test.each([new TypeError('not a function'), new RangeError('out of range'), new Error('anything')])(
  'after a crash with %s, which kafkajs itself would not recover from, a new kafkajs consumer starts',
  async error => {
    const first = await life(1)
    first.crash(error)
    const second = await life(2)
    expect(first.isConnected).toBe(false)
    second.join([0, 1])
    await second.take(0, [encode(event(1))])
    await vi.waitUntil(() => second.commits.length > 0, { timeout: 20_000 })
    expect(second.commits).toEqual(['0@1'])
  },
)

test('after crashes only the running kafkajs consumer commits offsets, each once', async () => {
  await consumer.stop()
  const intervalMs = 10
  startConsumer(intervalMs)
  for (let number = 1; number <= 3; number++) (await life(number)).crash(new Error('again'))
  const last = await life(4)
  last.join([0, 1])
  const { promise, resolve: answer } = Promise.withResolvers<void>()
  last.commitGate = promise
  await last.take(0, [encode(event(1)), encode(event(2))])
  await vi.waitUntil(() => last.commits.length > 0, { timeout: 20_000 })
  await wait(10 * intervalMs) // time for every other loop that still ran to commit the same ten times
  answer()
  await vi.waitUntil(() => last.commits.at(-1) === '0@2', { timeout: 20_000 })
  const [first, second, third, commits] = lives.map(each => each.commits)
  expect([first, second, third]).toEqual([[], [], []])
  expect(commits).toEqual([...new Set(commits)])
})

test('the partitions that the group assigned decide which lanes are its own; outside of a group all lanes are', async () => {
  const mine = () => [0, 1, 2, 3].map(lane => assignment.isMine(lane))
  const first = await life(1)
  expect(mine()).toEqual([true, true, true, true])
  first.join([1])
  expect(mine()).toEqual([false, true, false, true])
  first.crash(new Error('gone'))
  await life(2)
  expect(mine()).toEqual([true, true, true, true])
})

test('a batch of a partition that is no longer assigned is ignored', async () => {
  const first = await life(1)
  first.join([1])
  await first.take(0, [encode(event(1))])
  expect(lanes.size()).toBe(0)
})

test('the offset of an undecodable record is committed only once the dead-letter topic has it; until then it is read again', async () => {
  put.mockRejectedValueOnce(new Error('Kafka does not take it'))
  const first = await life(1)
  first.join([0, 1])
  const values = [encode(event(1)), Buffer.from([0xff])]
  await expect(first.take(0, values)).rejects.toThrow('does not take it')
  await vi.waitUntil(() => first.commits.length > 0, { timeout: 20_000 })
  expect(first.commits).toEqual(['0@1'])
  await first.take(0, values)
  await vi.waitUntil(() => first.commits.length > 1, { timeout: 20_000 })
  expect(first.commits).toEqual(['0@1', '0@2'])
})

test('a stop commits what is done, and leaves the group', async () => {
  const first = await life(1)
  first.join([0, 1])
  await first.take(1, [encode(event(1, { lane: 1 }))])
  await vi.waitUntil(() => lanes.size() === 0, { timeout: 20_000 })
  await consumer.stop()
  expect(first.commits).toEqual(['1@1'])
  expect(first.isConnected).toBe(false)
})
