import type { Random } from '../../support/random.ts'
import { seededRandom } from '../../support/random.ts'
import type { Guarantee } from './check-records.ts'
import { Committer } from './committer.ts'
import { GroupMember } from './group-member.ts'
import { KafkajsProducer } from './kafkajs-producer.ts'
import type { Partition, Place, Worker } from './place.ts'
import { RawProducer } from './raw-producer.ts'
import { TopicMaker } from './topic-maker.ts'

/** A worker whose records can be checked. */
export interface Producer extends Worker {
  sent(partition: Partition): number
}

export interface Workers {
  readonly producers: readonly { readonly producer: Producer; readonly guarantee: Guarantee }[]
  readonly rawProducers: readonly RawProducer[]
  readonly member: GroupMember
  readonly all: readonly Worker[]
  /** The workers that get work done in every life of the broker, even a short one; kafkajs takes time to reconnect. */
  readonly quick: readonly Worker[]
}

const PIPELINED = 5
export const MEMBER_GROUP = 'readers'

/** All clients of the broker: producers to all partitions, a group that reads, and workers that commit and create topics as fast as they can. */
export function createWorkers(place: Place, { seed, partitions }: { seed: number; partitions: readonly Partition[] }): Workers {
  let nextSeed = seed
  const random = (): Random => seededRandom(++nextSeed)
  const [topic = '', ...others] = [...new Set(partitions.map(each => each.topic))]
  const ofOneTopic = partitions.filter(each => each.topic === topic)
  const raw = (name: string, isIdempotent: boolean, inFlight: number): RawProducer =>
    new RawProducer({ name, place, random: random(), partitions, isIdempotent, inFlight })
  const rawProducers = [raw('idempotent', true, 1), raw('pipelined', true, PIPELINED), raw('plain', false, 1)]
  const kafkajs = [
    new KafkajsProducer({ name: 'kafkajs', place, random: random(), partitions: ofOneTopic, isIdempotent: false }),
    new KafkajsProducer({ name: 'kafkajs-idempotent', place, random: random(), partitions: ofOneTopic, isIdempotent: true }),
  ]
  const guarantees: Guarantee[] = ['exactly once', 'exactly once', 'at least once', 'at least once', 'exactly once']
  const producers = [...rawProducers, ...kafkajs].map((producer, index) => ({ producer, guarantee: guarantees[index]! }))
  const member = new GroupMember({ name: 'member', group: MEMBER_GROUP, place, topics: [topic, ...others] })
  const committer = new Committer({ group: 'committer', place, random: random(), partitions })
  const maker = new TopicMaker({ prefix: 'made', place, random: random() })
  const quick = [...rawProducers, committer, maker]
  return { producers, rawProducers, member, quick, all: [...quick, ...kafkajs, member] }
}
