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

/** Queues with nothing lent are dropped beyond this number, the longest unused first. */
const MAX_QUEUES = 1000

/** What the groups read of the topics. A queue is opened when it is first read from, and goes on where its group's kept position is. */
export class Queues {
  readonly #topics: Pick<Topics, 'get'>
  readonly #positions: Positions
  readonly #reader = new MessageReader()
  /** The longest unused first. */
  readonly #queues = new Map<string, Queue>()

  constructor(topics: Pick<Topics, 'get'>, positions: Positions) {
    this.#topics = topics
    this.#positions = positions
  }

  get size(): number {
    return this.#queues.size
  }

  /** Lends the group's next message: one that came back, else a new one, the partitions taking turns. Throws `ProtocolError`. */
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
    const key = `${topic.name} ${group}` // neither has blanks
    let queue = this.#queues.get(key)
    this.#queues.delete(key)
    // A topic that was deleted and created again is another one.
    if (queue?.topic !== topic) queue = { topic, group, partitions: [], turn: 0 }
    this.#open(queue)
    this.#makeRoom()
    this.#queues.set(key, queue)
    return queue
  }

  /** Opens the partitions that are new. */
  #open({ topic, group, partitions }: Queue): void {
    const isGone = (): boolean => this.#topics.get(topic.name) !== topic
    const shared = { topic: topic.name, group, reader: this.#reader, positions: this.#positions, isGone }
    for (let partition = partitions.length; partition < topic.partitions.length; partition++) {
      const log = topic.partitions[partition]!
      partitions.push(new PartitionQueue({ ...shared, partition, log }))
    }
  }

  /** Dropping one forgets at most what was done beyond its kept position: that is read once more. */
  #makeRoom(): void {
    if (this.#queues.size < MAX_QUEUES) return
    for (const [key, { partitions }] of this.#queues) {
      if (partitions.some(({ lent }) => lent > 0)) continue
      this.#queues.delete(key)
      return
    }
  }
}
