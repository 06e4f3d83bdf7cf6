import { CatchUpLoop } from '../../../processor/catch-up-loop.ts'
import { FlushTracing } from '../../../processor/flush-tracing.ts'
import { Flusher } from '../../../processor/flusher.ts'
import { Lanes } from '../../../processor/lanes.ts'
import type { ProcessorMetrics } from '../../../processor/metrics.ts'
import { Rebuilder } from '../../../processor/rebuilder.ts'
import { TickLoop } from '../../../processor/tick-loop.ts'
import { WantedWork } from '../../../processor/wanted-work.ts'
import type { Cache } from '../../../src/counters/connect.ts'
import type { PingEvent } from '../../../src/events/event.ts'
import type { PartitionOffsets } from '../../../src/kafka/offsets.ts'
import type { Pool } from '../../../src/ledger/pool.ts'
import type { Logger } from '../../../src/runtime/logger.ts'
import { RecordingTracing } from '../../support/recording-tracing.ts'
import type { Steps } from './steps.ts'

const nothing = () => undefined
const log = { info: nothing, warn: nothing, error: nothing, debug: nothing } as unknown as Logger
const TOPIC = 'pings'
const metrics = new Proxy({}, { get: () => nothing }) as ProcessorMetrics

/** One read place in a partition, of one membership of the group. */
export interface Assignment {
  readonly generation: number
  readonly offsets: PartitionOffsets
  next: number
}

/** `tag` is that of the event, with its lane. */
interface ProcessedEvent {
  readonly lane: number
  readonly tag: string
  readonly seq: number
}

export interface ProcessorOptions {
  readonly cache: Cache
  readonly pool: Pool
  readonly steps: Steps
  readonly partitions: number
  readonly maxMinutes: number
  readonly flushRecords: number
}

/** A processor as processor/wiring.ts puts it together; its loops are the schedule's. */
export class SimulatedProcessor {
  readonly steps: Steps
  readonly lanes = new Lanes()
  readonly flusher: Flusher
  readonly assigned = new Map<number, Assignment>()
  /** A tick has succeeded: only then are the lanes known, and records read. */
  isReady = false
  readonly #tracing = new RecordingTracing()
  readonly #ticks: TickLoop
  readonly #catchUps: CatchUpLoop
  #ticking = false
  #catchingUp = false

  constructor({ cache, pool, steps, partitions, maxMinutes, flushRecords }: ProcessorOptions) {
    this.steps = steps
    const assignment = { isMine: (lane: number) => this.assigned.has(lane % partitions) }
    const shared = { cache, pool, lanes: this.lanes, wanted: new WantedWork(), log, metrics, maxMinutes, tracing: this.#tracing }
    const flushTracing = new FlushTracing({ tracing: this.#tracing, topic: TOPIC, groupId: 'processors' })
    this.flusher = new Flusher({ ...shared, flushTracing, flushRecords, flushIntervalMs: 1_000 })
    const rebuilder = new Rebuilder(shared)
    this.#ticks = new TickLoop({ ...shared, assignment, flusher: this.flusher, rebuilder, intervalMs: 500 })
    this.#catchUps = new CatchUpLoop({ ...shared, flusher: this.flusher })
  }

  /** Begins a tick, unless one is under way. */
  tick(): void {
    if (this.#ticking) return
    this.#ticking = true
    const succeeded = () => (this.isReady = true)
    void this.#ticks
      .tick()
      .then(succeeded, nothing)
      .finally(() => (this.#ticking = false))
  }

  /** Begins the next catch-up that is wanted, unless one is under way. */
  catchUp(): void {
    if (this.#catchingUp) return
    this.#catchingUp = true
    void this.#catchUps.catchUpNext().finally(() => (this.#catchingUp = false))
  }

  /** The events for which spans were recorded since the last call. A span says that its event is in the cache. */
  takeProcessed(): readonly ProcessedEvent[] {
    const spans = this.#tracing.spans.splice(0).filter(({ name }) => name === `process ${TOPIC}`)
    return spans.map(({ parent }) => ({ lane: Number.parseInt(parent!.traceId), tag: parent!.traceId, seq: Number(parent!.spanId) }))
  }

  /** Takes one record as processor/consumer.ts does; undefined: one of the original producer. */
  take(assignment: Assignment, event: PingEvent | undefined): void {
    const offset = assignment.next++
    if (event) {
      const context = { traceId: `${event.lane}:${event.tag}`, spanId: String(event.seq), isSampled: true }
      this.flusher.receive({ event, record: assignment.offsets.open(offset), trace: { context, receivedMs: 0 } })
    } else assignment.offsets.pass(offset)
    if (this.flusher.isFull) void this.flusher.flush()
  }
}
