import type { Message, MessageReader, ReadableLog } from './message-reader.ts'
import type { Positions } from './positions.ts'

export interface PartitionQueueOptions {
  readonly topic: string
  readonly partition: number
  readonly group: string
  readonly log: ReadableLog
  readonly reader: MessageReader
  readonly positions: Positions
  /** Whether the topic was deleted meanwhile: a position kept now would be taken for one in a topic of the same name that comes later. */
  readonly isGone: () => boolean
}

/** A message that is with a client. */
export interface Lent {
  readonly message: Message
  readonly from: PartitionQueue
}

/**
 * One partition as a group sees it: messages are lent in order, and those that come back are lent again before any new one.
 * The group's kept position is that of the first message that is not done; what is done beyond it is known here only.
 */
export class PartitionQueue {
  readonly #options: PartitionQueueOptions
  /** The first message that was never lent. */
  #position = 0n
  /** What is kept, as far as we know. */
  #stored: bigint | undefined
  readonly #lent = new Set<Lent>()
  /** Offsets of what came back, the lowest first. */
  readonly #returned: bigint[] = []

  constructor(options: PartitionQueueOptions) {
    this.#options = options
    this.#beginAt(this.#read())
  }

  /** How many messages are with clients. */
  get lent(): number {
    return this.#lent.size
  }

  /** Lends again what came back; undefined when nothing did. Throws `ProtocolError`. */
  lendReturned(): Lent | undefined {
    this.#follow()
    const { log, reader } = this.#options
    for (let offset = this.#returned[0]; offset !== undefined; offset = this.#returned[0]) {
      const message = offset < log.startOffset ? undefined : reader.next(log, offset)
      this.#returned.shift()
      if (message?.offset === offset) return this.#lend(message)
      // Else it was deleted meanwhile, and what comes after it was lent on its own.
    }
    return undefined
  }

  /** Lends the next message that was never lent; undefined when there is none. Throws `ProtocolError`. */
  lendNew(): Lent | undefined {
    const { log, reader } = this.#options
    // Records are deleted when they are old, and a loss of power may have taken the newest: then rather all again than one too few.
    if (this.#position < log.startOffset || this.#position > log.highWatermark) this.#position = log.startOffset
    const message = reader.next(log, this.#position)
    if (message === undefined) return undefined
    this.#position = message.nextOffset
    return this.#lend(message)
  }

  /** The message is done and will not be lent again. Throws `ProtocolError` when that cannot be kept. */
  done(lent: Lent): void {
    if (this.#lent.delete(lent)) this.#settle()
  }

  /** The message is not done and is lent again. */
  giveBack(lent: Lent): void {
    if (!this.#lent.delete(lent)) return
    this.#returned.push(lent.message.offset)
    this.#returned.sort((one, other) => (one < other ? -1 : 1))
  }

  #lend(message: Message): Lent {
    const lent = { message, from: this }
    this.#lent.add(lent)
    return lent
  }

  #settle(): void {
    const { positions, group, topic, partition, isGone } = this.#options
    let lowest = this.#returned[0] ?? this.#position
    for (const { message } of this.#lent) if (message.offset < lowest) lowest = message.offset
    if (lowest === this.#stored || isGone() || positions.hasMembers(group)) return
    positions.write(group, topic, partition, lowest)
    this.#stored = lowest
  }

  /** Goes where someone else has moved the group: a Kafka client of the same name, or a tool that resets positions. */
  #follow(): void {
    const stored = this.#read()
    if (stored !== this.#stored) this.#beginAt(stored)
  }

  #beginAt(stored: bigint | undefined): void {
    this.#stored = stored
    this.#position = stored ?? this.#options.log.startOffset
    this.#lent.clear()
    this.#returned.length = 0
  }

  #read(): bigint | undefined {
    const { positions, group, topic, partition } = this.#options
    return positions.read(group, topic, partition)
  }
}
