import type { Logger } from '../runtime/logger.ts'
import { Loop } from '../runtime/loop.ts'
import { Backoff } from '../runtime/retry.ts'
import { wait } from '../runtime/wait.ts'
import { BrokerConnections, type Connections } from './broker-connections.ts'
import { packFetches } from './packed-fetch.ts'
import {
  fetchRecords,
  listOffsets,
  OFFSET_OUT_OF_RANGE,
  lastOffset,
  recordsFrom,
  type ListedOffset,
  type Messages,
} from './partition-requests.ts'
import type { KafkaSettings } from './settings.ts'

export interface PartitionReaderOptions {
  readonly settings: KafkaSettings
  readonly clientId: string
  readonly topic: string
  readonly partitions: readonly number[]
  /** `latest`: what is written from now on, as the leader of each partition says. Or the next offset of each partition. */
  readonly from: ListedOffset | ReadonlyMap<number, number>
  /** How long the broker waits for records before it answers a fetch. Default 5 s. It answers at once when there are records. */
  readonly maxWaitMs?: number
  readonly log: Logger
  /** Takes records in the order of their offsets, each once. Must not throw. */
  readonly onRecords: (partition: number, records: Messages) => void
  /** A partition is read from this broker now; `before` is undefined the first time. */
  readonly onLeader?: (partition: number, leader: number, before: number | undefined) => void
  /** The topic does not have the record at `from`: reading continues at `to`, which is lower if the topic was created again. */
  readonly onGap?: (partition: number, from: number, to: number) => void
}

/** How far a partition is read, and where. */
interface Reading {
  readonly partition: number
  readonly pause: Backoff
  /** The next record; undefined: it has to be found. */
  offset: number | undefined
  /** Where it is found. */
  from: ListedOffset
  /** The record that the topic does not have any more. */
  missing: number | undefined
  /** The broker that is asked; undefined: the leader has to be found. */
  node: number | undefined
  leader: number | undefined
  /** Its leader is not looked for before. */
  notBeforeMs: number
}

const MAX_WAIT_MS = 5_000
const FIRST_PAUSE_MS = 50
const MAX_PAUSE_MS = 2_000
/** After a fetch that was answered sooner without records, so that nothing spins. */
const EMPTY_PAUSE_MS = 50

/**
 * Reads partitions without a consumer group: nothing is left on the brokers. Each broker is asked on its own; a partition whose broker
 * fails, or is not its leader any more, is looked for again while the others are read.
 */
export class PartitionReader extends Loop {
  readonly #options: PartitionReaderOptions
  readonly #connections: Connections
  readonly #readings: readonly Reading[]
  readonly #positioned = Promise.withResolvers<void>()
  /** The brokers that are asked now. */
  readonly #asked = new Map<number, Promise<void>>()
  /** Those whose fetch was ended, so that it begins again with further partitions. */
  readonly #interrupted = new Set<number>()
  #change = new AbortController()

  /** `connections` is only given by tests. */
  constructor(options: PartitionReaderOptions, connections?: Connections) {
    super()
    const { settings, clientId, log, partitions, from } = options
    this.#options = options
    this.#connections = connections ?? new BrokerConnections(settings, clientId, log)
    this.#readings = partitions.map(partition => ({
      partition,
      pause: new Backoff(FIRST_PAUSE_MS, MAX_PAUSE_MS),
      offset: typeof from === 'string' ? undefined : from.get(partition),
      from: typeof from === 'string' ? from : 'latest',
      missing: undefined,
      node: undefined,
      leader: undefined,
      notBeforeMs: 0,
    }))
    this.#positioned.promise.catch(() => undefined)
    this.#checkPositions()
  }

  /** Resolves when the next offset of every partition is known: what is written later is read. Rejects if it is stopped before. */
  get positioned(): Promise<void> {
    return this.#positioned.promise
  }

  /** The broker that a partition was last read from. */
  leaderOf(partition: number): number | undefined {
    return this.#readings.find(reading => reading.partition === partition)?.leader
  }

  protected override async run(signal: AbortSignal): Promise<void> {
    packFetches()
    signal.addEventListener('abort', () => this.#connections.close())
    while (!signal.aborted) {
      this.#change = new AbortController()
      if (this.#lost().some(({ notBeforeMs }) => notBeforeMs <= performance.now())) await this.#findLeaders()
      this.#askBrokers(signal)
      await this.#untilChange(AbortSignal.any([signal, this.#change.signal]))
    }
    await Promise.all(this.#asked.values())
    this.#positioned.reject(new Error('the reader was stopped'))
  }

  #lost(): readonly Reading[] {
    return this.#readings.filter(({ node }) => node === undefined)
  }

  async #untilChange(changed: AbortSignal): Promise<void> {
    const nextMs = Math.min(...this.#lost().map(({ notBeforeMs }) => notBeforeMs))
    if (nextMs < Infinity) await wait(nextMs - performance.now(), changed)
    else if (!changed.aborted) await new Promise(resolve => changed.addEventListener('abort', resolve))
  }

  async #findLeaders(): Promise<void> {
    const { topic, log, onLeader } = this.#options
    const lost = this.#lost()
    const places = await this.#connections.places(topic).catch((err: unknown) => {
      log.debug({ err, topic }, 'partition reader: the brokers do not say where the partitions are')
      return []
    })
    const leaders = new Map(places.map(({ partition, leader }) => [partition, leader]))
    for (const reading of lost) {
      const leader = leaders.get(reading.partition)
      if (leader === undefined) {
        this.#lose(reading, 'its leader is unknown')
        continue
      }
      const before = reading.leader
      reading.node = reading.leader = leader
      if (before !== leader) onLeader?.(reading.partition, leader, before)
    }
    const joined = new Set(lost.map(({ node }) => node))
    for (const node of this.#asked.keys()) if (joined.has(node)) await this.#interrupt(node)
  }

  /** Ends the fetch that waits for records of a broker's other partitions: a new one would be answered only after it. */
  async #interrupt(node: number): Promise<void> {
    this.#interrupted.add(node)
    await this.#connections.renew(node)
  }

  /** The partition's leader has to be found again, after a pause. */
  #lose(reading: Reading, reason: string): void {
    const { topic, log } = this.#options
    reading.node = undefined
    reading.notBeforeMs = performance.now() + reading.pause.next()
    log.debug({ topic, partition: reading.partition, reason }, 'partition reader: looking for the leader of this partition')
    this.#change.abort()
  }

  #askBrokers(signal: AbortSignal): void {
    for (const { node } of this.#readings) {
      if (node === undefined || this.#asked.has(node)) continue
      const done = this.#askBroker(node, signal).finally(() => {
        this.#asked.delete(node)
        this.#change.abort()
      })
      this.#asked.set(node, done)
    }
  }

  /** Reads the partitions of one broker, until it has none. */
  async #askBroker(node: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const readings = this.#readings.filter(reading => reading.node === node)
      if (readings.length === 0) return
      this.#interrupted.delete(node)
      try {
        await this.#position(node, readings)
        await this.#fetch(node, readings, signal)
      } catch (err) {
        if (signal.aborted) return
        if (this.#interrupted.delete(node)) continue
        this.#options.log.debug({ err, node }, 'partition reader: a broker does not answer')
        for (const reading of readings) this.#lose(reading, 'its broker does not answer')
      }
    }
  }

  async #position(node: number, readings: readonly Reading[]): Promise<void> {
    const wanted = readings.filter(({ offset }) => offset === undefined)
    if (wanted.length === 0) return
    const answers = await listOffsets(this.#connections, node, this.#options.topic, wanted)
    for (const { partition, errorCode, offset } of answers) {
      const reading = wanted.find(each => each.partition === partition)
      if (!reading) continue
      if (errorCode !== 0) {
        this.#lose(reading, `error ${errorCode}`)
        continue
      }
      reading.offset = offset
      if (reading.missing !== undefined) this.#options.onGap?.(partition, reading.missing, offset)
      reading.missing = undefined
    }
    this.#checkPositions()
  }

  #checkPositions(): void {
    if (this.#readings.every(({ offset }) => offset !== undefined)) this.#positioned.resolve()
  }

  async #fetch(node: number, readings: readonly Reading[], signal: AbortSignal): Promise<void> {
    const { topic, maxWaitMs = MAX_WAIT_MS } = this.#options
    const wanted = readings.flatMap(({ node, partition, offset }) =>
      node === undefined || offset === undefined ? [] : [{ partition, offset }],
    )
    if (wanted.length === 0) return
    const begunMs = performance.now()
    let isEmpty = true
    for (const { partition, errorCode, messages } of await fetchRecords(this.#connections, node, topic, wanted, maxWaitMs)) {
      const reading = readings.find(each => each.partition === partition)
      if (!reading || signal.aborted) continue
      if (errorCode !== 0) this.#takeError(reading, errorCode)
      else if (this.#take(reading, messages)) isEmpty = false
    }
    const minMs = Math.min(EMPTY_PAUSE_MS, maxWaitMs)
    if (isEmpty && performance.now() - begunMs < minMs) await wait(minMs, signal)
  }

  /** False if there are no records. */
  #take(reading: Reading, messages: Messages): boolean {
    reading.pause.reset()
    const { offset = 0, partition } = reading
    if (messages.length === 0) return false
    reading.offset = Math.max(offset, lastOffset(messages)) + 1
    const records = recordsFrom(messages, offset)
    if (records.length > 0) this.#options.onRecords(partition, records)
    return true
  }

  #takeError(reading: Reading, errorCode: number): void {
    if (errorCode !== OFFSET_OUT_OF_RANGE) return this.#lose(reading, `error ${errorCode}`)
    reading.missing = reading.offset
    reading.offset = undefined
    reading.from = 'earliest'
  }
}
