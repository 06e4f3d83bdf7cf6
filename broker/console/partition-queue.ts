import type { Message, MessageReader, ReadableLog } from './message-reader.ts'
import type { Positions } from './positions.ts'

export interface PartitionQueueOptions {
  readonly topic: string
  readonly partition: number
  readonly group: string
  readonly log: ReadableLog
  readonly reader: MessageReader
  readonly positions: Positions
  /** Whether the topic has been deleted: a position stored now would apply to a later topic of the same name. */
  readonly isGone: () => boolean
}

/** A message that a client has and has not finished yet. */
export interface Lent {
  readonly message: Message
  readonly from: PartitionQueue
}

/**
 * One partition as a group sees it: messages are lent in order, and returned ones are lent again before any new one.
 * The group's stored position is that of the first message that is not done; which later messages are done is known only here.
 */
export class PartitionQueue {
  readonly #options: PartitionQueueOptions
  /** The first message that was never lent. */
  #position = 0n
  /** The stored position, as last read or written. */
  #stored: bigint | undefined
  readonly #lent = new Set<Lent>()
  /** Offsets of the returned messages, ascending. */
  readonly #returned: bigint[] = []

  constructor(options: PartitionQueueOptions) {
    this.#options = options
    this.#beginAt(this.#read())
  }

  /** How many messages are lent to clients. */
  get lent(): number {
    return this.#lent.size
  }

  /** Lends a returned message again; undefined if there is none. Throws `ProtocolError`. */
  lendReturned(): Lent | undefined {
    this.#follow()
    const { log, reader } = this.#options
    for (let offset = this.#returned[0]; offset !== undefined; offset = this.#returned[0]) {
      const message = offset < log.startOffset ? undefined : reader.next(log, offset)
      this.#returned.shift()
      if (message?.offset === offset) return this.#lend(message)
      // Otherwise it has been deleted, and the message after it was lent separately.
    }
    return undefined
  }

  /** Lends the next message that was never lent; undefined if there is none. Throws `ProtocolError`. */
  lendNew(): Lent | undefined {
    const { log, reader } = this.#options
    // Old records are deleted, and a power failure may lose the newest. Reading everything again is better than missing a message.
    if (this.#position < log.startOffset || this.#position > log.highWatermark) this.#position = log.startOffset
    const message = reader.next(log, this.#position)
    if (message === undefined) return undefined
    this.#position = message.nextOffset
    return this.#lend(message)
  }

  /** The message is done and will not be lent again. Throws `ProtocolError` if that cannot be stored. */
  done(lent: Lent): void {
    if (this.#lent.delete(lent)) this.#settle()
  }

  /** The message is not done and will be lent again. */
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

  /** Follows a position that something else has moved: a Kafka client of the same group, or a tool that resets offsets. */
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
