import { decode } from '../../../pong/messages/decode.ts'
import { encode } from '../../../pong/messages/encode.ts'
import { readHeaders, writeHeaders } from '../../../pong/messages/headers.ts'
import type { Ack, Ping, Pong } from '../../../pong/messages/message.ts'
import { GatheringProducer } from '../../../src/kafka/gathering-producer.ts'
import { PartitionReader } from '../../../src/kafka/partition-reader.ts'
import { silent, testKafka, testSettings } from '../../kafka/kafka-fixture.ts'

/** A reply of the script: fields that differ from those of an ordinary pong, and the ping whose replies must have been sent before. */
export type ScriptedPong = Partial<Pong> & { readonly afterReplyTo?: number }

export interface FakeServer {
  readonly pings: readonly Ping[]
  /** What the client has confirmed. */
  readonly acks: readonly Ack[]
  /** Records of the type echo, and those that are malformed. */
  readonly others: readonly string[]
  stop(): Promise<void>
}

interface FakeServerOptions {
  readonly brokers: string
  readonly topic: string
  readonly partitions: readonly number[]
  readonly name?: string
  /** The replies to a ping, in this order. */
  readonly answer: (ping: Ping) => readonly ScriptedPong[]
}

/** Speaks the wire format and does what its script says: a server that answers twice, late, out of order, or not at all. */
export async function startFakeServer({ brokers, topic, partitions, name = 'fake', answer }: FakeServerOptions): Promise<FakeServer> {
  const [pings, acks, others]: [Ping[], Ack[], string[]] = [[], [], []]
  const producer = new GatheringProducer({ kafka: testKafka(brokers) })
  const allReplied = new Map<number, PromiseWithResolvers<void>>()
  const replied = (seq: number): PromiseWithResolvers<void> => {
    const known = allReplied.get(seq) ?? Promise.withResolvers()
    allReplied.set(seq, known)
    return known
  }
  const reply = async (ping: Ping, headers: Parameters<typeof readHeaders>[0]): Promise<void> => {
    const { correlationId, replyTo } = readHeaders(headers)
    for (const { afterReplyTo, ...fields } of answer(ping)) {
      if (afterReplyTo !== undefined) await replied(afterReplyTo).promise
      const { seq, padding } = ping
      const value = encode({ type: 'pong', seq, from: name, heldUs: 400, attempt: 1, redelivered: false, padding, ...fields })
      await producer.send({ ...replyTo!, value, headers: writeHeaders({ correlationId, handshake: false }) })
    }
    replied(ping.seq).resolve()
  }
  const reader = new PartitionReader({
    settings: testSettings(brokers),
    clientId: 'fake-server',
    topic,
    partitions,
    from: 'latest',
    log: silent,
    onRecords: (_, records) => {
      for (const { value, headers } of records) {
        const message = decode(value)
        if (message.type === 'ack') acks.push(message)
        else if (message.type !== 'ping') others.push(String(value))
        else {
          pings.push(message)
          void reply(message, headers)
        }
      }
    },
  })
  reader.start()
  await Promise.all([reader.positioned, producer.connect()])
  return {
    pings,
    acks,
    others,
    stop: async () => {
      await reader.stop()
      await producer.stop()
    },
  }
}
