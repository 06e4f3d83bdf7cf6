import { Answerer, type AnswererOptions, type OpenPing } from '../../../pong/answerer.ts'
import { mayRepeat } from '../../../pong/may-repeat.ts'
import type { PendingReply } from '../../../pong/replies/pending-reply.ts'
import { PartitionOffsets } from '../../../src/kafka/offsets.ts'
import type { PartitionStart } from '../../../src/kafka/record-consumer-options.ts'

/** A ping in the topic. */
export interface PingRecord {
  readonly id: string
  readonly handshake: boolean
}

export interface Burial {
  readonly id: string
  readonly settle: () => void
}

/** What a server does: the real one, or one with a bug. */
export interface ServerCore {
  take(ping: OpenPing): void
  acknowledge(correlationId: string): void
  tick(): void
  readonly isFull: boolean
  readonly nextDeadlineMs: number | undefined
  /** Each session that the server knows, as text. */
  describe(ids: readonly string[]): string
  readonly sessions: number
}

export type CreateCore = (options: AnswererOptions) => ServerCore

/** Pings of these sessions have this content. */
export const contentOf = (id: string) => ({ seq: id.charCodeAt(0), padding: `content of ${id}` })

const LIMIT_MS = 1_000
const NO_METRICS = { answered() {}, refused() {}, confirmed() {}, missed() {}, overdue() {}, stray() {} }

/** The real one. */
export const createCore: CreateCore = options => {
  const answerer = new Answerer(options)
  return {
    take: ping => answerer.take(ping),
    acknowledge: id => answerer.acknowledge(id, { type: 'ack', seq: contentOf(id).seq, to: 'server' }),
    tick: () => answerer.driver.tick(),
    get isFull() {
      return answerer.driver.isFull
    },
    get nextDeadlineMs() {
      return answerer.driver.nextDeadlineMs
    },
    describe: ids =>
      ids
        .map(id => answerer.driver.find(id))
        .filter(entry => entry !== undefined)
        .toSorted((a, b) => a.session.deadlineMs - b.session.deadlineMs)
        .map(({ id, session, data }) => `${id} ${session.state} ${session.attempt} ${data.pings.length}`)
        .join(),
    get sessions() {
      return answerer.driver.openSessions + answerer.driver.leavingSessions + answerer.driver.settledSessions
    },
  }
}

/** One life of the server: from a start to a crash. */
export class RoundTripServer {
  readonly core: ServerCore
  readonly offsets = new PartitionOffsets()
  readonly start: PartitionStart
  readonly sending: PendingReply[] = []
  readonly burying: Burial[] = []
  readonly done = new Set<number>()
  position: number
  #nowMs = 0

  constructor(createCore: CreateCore, start: PartitionStart, position: number, maxOpen: number, onUnexpected: () => void) {
    this.start = start
    this.position = position
    if (!start.wasCommitted) this.offsets.startAt(position)
    this.core = createCore({
      name: 'server',
      limitMs: LIMIT_MS,
      maxOpen,
      maxSettled: 10,
      nowMs: () => this.#nowMs,
      send: (reply, settle) => void this.sending.push({ reply, settle, mayBeWritten: false }),
      metrics: { ...NO_METRICS, unexpected: onUnexpected },
      note: () => undefined,
    })
  }

  /** Takes the next record of the topic. */
  read({ id, handshake }: PingRecord): void {
    this.#nowMs++
    const offset = this.position++
    const record = this.offsets.open(offset)
    this.core.take({
      ...contentOf(id),
      correlationId: id,
      replyTo: { topic: 'pong', partition: 0 },
      handshake,
      mayRepeat: mayRepeat(offset, 1, this.start),
      receivedMs: this.#nowMs,
      done: () => {
        record.done = true
        this.done.add(offset)
      },
      bury: (_, then) => void this.burying.push({ id, settle: then }),
    })
  }

  /** Lets time pass until the next session gets its time-out. */
  timeOut(): void {
    this.#nowMs = Math.max(this.#nowMs, this.core.nextDeadlineMs ?? 0)
    this.core.tick()
  }
}
