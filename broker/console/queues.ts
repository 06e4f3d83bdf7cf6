import type { Topic } from '../topics/topic.ts'
import type { Topics } from '../topics/topics.ts'
import { MessageReader } from './message-reader.ts'
import { PartitionQueue, type Lent } from './partition-queue.ts'
import type { Positions } from './positions.ts'

interface Queue {
  readonly topic: Topic
  readonly group: string
  readonly partitions: PartitionQueue[]
  /** The partition whose turn it is. */
  turn: number
}

/** Beyond this number, queues with no lent messages are dropped, the least recently used first. */
const MAX_QUEUES = 1000

/** The queues of groups and topics. A queue is opened on its first read, and continues at the group's stored position. */
export class Queues {
  readonly #topics: Pick<Topics, 'get'>
  readonly #positions: Positions
  readonly #reader = new MessageReader()
  /** The least recently used first. */
  readonly #queues = new Map<string, Queue>()

  constructor(topics: Pick<Topics, 'get'>, positions: Positions) {
    this.#topics = topics
    this.#positions = positions
  }

  get size(): number {
    return this.#queues.size
  }

  /** Lends the group's next message: a returned one, or else a new one from each partition in turn. Throws `ProtocolError`. */
  lend(topic: Topic, group: string): Lent | undefined {
    const queue = this.#queue(topic, group)
    for (const partition of queue.partitions) {
      const lent = partition.lendReturned()
      if (lent) return lent
    }
    for (let tried = 0; tried < queue.partitions.length; tried++) {
      const partition = queue.partitions[queue.turn]!
      queue.turn = (queue.turn + 1) % queue.partitions.length
      const lent = partition.lendNew()
      if (lent) return lent
    }
    return undefined
  }

  #queue(topic: Topic, group: string): Queue {
    const key = `${topic.name} ${group}` // neither contains blanks
    let queue = this.#queues.get(key)
    this.#queues.delete(key)
    // A topic that was deleted and created again is a different topic.
    if (queue?.topic !== topic) queue = { topic, group, partitions: [], turn: 0 }
    this.#open(queue)
    this.#makeRoom()
    this.#queues.set(key, queue)
    return queue
  }

  /** Opens partitions that were added. */
  #open({ topic, group, partitions }: Queue): void {
    const isGone = (): boolean => this.#topics.get(topic.name) !== topic
    const shared = { topic: topic.name, group, reader: this.#reader, positions: this.#positions, isGone }
    for (let partition = partitions.length; partition < topic.partitions.length; partition++) {
      const log = topic.partitions[partition]!
      partitions.push(new PartitionQueue({ ...shared, partition, log }))
    }
  }

  /** Dropping a queue forgets only which messages past its stored position are done: those are read again. */
  #makeRoom(): void {
    if (this.#queues.size < MAX_QUEUES) return
    for (const [key, { partitions }] of this.#queues) {
      if (partitions.some(({ lent }) => lent > 0)) continue
      this.#queues.delete(key)
      return
    }
  }
}
