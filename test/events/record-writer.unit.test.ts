import { createRequire } from 'node:module'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { eventsOfRun, type EventRun } from '../../src/events/event-run.ts'
import { RecordWriter } from '../../src/events/record-writer.ts'
import { packedMessages } from '../../src/kafka/packed-messages.ts'
import { sizeOfVarint, toUint64, writeVarint } from '../../src/kafka/varint.ts'
import { parseTraceparent, toTraceparent } from '../../src/tracing/trace-context.ts'
import { encode } from '../support/encode-event.ts'
import { seededRandom, type Random } from '../support/random.ts'
import { callerContext } from '../support/recording-tracing.ts'

interface Encoded {
  readonly buffer: Buffer
}
type Messages = readonly { readonly value: Buffer; readonly partition: number }[]

const require = createRequire(import.meta.url)
const encodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => Encoded
const groupMessages = require('kafkajs/src/producer/groupMessagesPerPartition') as (options: object) => Record<string, Messages>
const { protocol: produceOf, versions } = require('kafkajs/src/protocol/requests/produce') as {
  versions: readonly string[]
  protocol(options: { version: number | string }): (options: object) => { request: { encode(): Promise<Encoded> } }
}

const EXTREMES = [
  0n,
  1n,
  127n,
  128n,
  16_383n,
  16_384n,
  2n ** 28n - 1n,
  2n ** 28n,
  2n ** 35n,
  2n ** 42n,
  2n ** 49n,
  2n ** 53n - 2n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 56n,
  2n ** 63n - 1n,
]

function anyBigint(random: Random, isSigned: boolean): bigint {
  const size = random.pick(EXTREMES)
  const value = random.next() < 0.5 ? size : size - (size > 0n ? BigInt(random.between(0, 3)) % size : 0n)
  return isSigned && random.next() < 0.4 ? -value - BigInt(random.between(0, 2)) : value
}

function anyRun(random: Random): EventRun {
  const count = random.between(1, 40)
  return {
    lane: random.pick([0, 1, 15, 127, 128, 255, 2 ** 32 - 1]),
    firstSeq:
      random.pick([anyBigint(random, false), BigInt(random.between(0, 1e9)), 2n ** 53n - BigInt(random.between(1, 60))]) %
      (2n ** 63n - 100n),
    tag: anyBigint(random, false),
    previousTag: random.pick([0n, anyBigint(random, false), 2n ** 64n - 1n]),
    pings: Array.from({ length: count }, () => ({
      id: anyId(random),
      timestampMs: random.pick([1_700_000_000_000n + BigInt(random.between(0, 1e9)), anyBigint(random, true)]),
    })),
  }
}

function anyId(random: Random): string {
  const uuid = Array.from({ length: 32 }, () => random.pick([...'0123456789abcdef']))
    .join('')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  return random.next() < 0.8
    ? uuid
    : random.pick(['', 'x', 'ü'.repeat(random.between(1, 90)), '😀é', 'a'.repeat(127), 'b'.repeat(128), 'c'.repeat(20_000)])
}

describe('a varint', () => {
  test.each(EXTREMES.flatMap(value => [value, -value]))('of %s is encoded as protobuf does', value => {
    const bytes = Buffer.alloc(12)
    const end = writeVarint(bytes, 1, toUint64(value))
    const expected = encode({ id: '', timestampMs: value, lane: 0, seq: 0n, tag: 0n, previousTag: 0n }).subarray(1)
    expect([bytes.subarray(1, end).toString('hex'), sizeOfVarint(toUint64(value))]).toEqual([expected.toString('hex'), expected.length])
  })
})

describe('the relay’s records', () => {
  test('are byte for byte those of protobuf-es and kafkajs, set after set in one Buffer', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = seededRandom(seed)
      const writer = new RecordWriter()
      for (let send = 0; send < 2; send++) {
        writer.begin()
        const sets = Array.from({ length: random.between(1, 4) }, () => Array.from({ length: random.between(1, 5) }, () => anyRun(random)))
        const written = sets.map(runs => ({ runs, set: writer.write(runs) }))
        for (const { runs, set } of written) {
          const values = runs.flatMap(eventsOfRun).map(encode)
          const expected = Buffer.concat(values.map((value, offsetDelta) => encodeRecord({ offsetDelta, timestampDelta: 0, value }).buffer))
          expect(set.count).toBe(values.length)
          expect(set.bytes.equals(expected), `seed ${seed}`).toBe(true)
        }
      }
    }
  })
})

describe('the record of a ping whose trace is recorded', () => {
  const traced = (random: Random): EventRun => {
    const run = anyRun(random)
    const indexes = run.pings.keys().filter(() => random.next() < 0.3)
    return { ...run, traces: { sinceMs: 0, contexts: new Map(indexes.map(index => [index, callerContext(index + 1)])) } }
  }

  test('has the header traceparent, and no other record has a header, byte for byte as kafkajs writes them', () => {
    let withHeader = 0
    for (let seed = 1; seed <= 50; seed++) {
      const random = seededRandom(seed)
      const writer = new RecordWriter()
      const runs = Array.from({ length: random.between(1, 5) }, () => (random.next() < 0.5 ? traced(random) : anyRun(random)))
      const records = runs.flatMap(run =>
        eventsOfRun(run).map((event, index) => {
          const context = run.traces?.contexts.get(index)
          if (context) withHeader++
          return { value: encode(event), headers: context && { traceparent: toTraceparent(context) } }
        }),
      )
      const expected = records.map((record, offsetDelta) => encodeRecord({ offsetDelta, timestampDelta: 0, ...record }).buffer)
      expect(writer.write(runs).bytes.equals(Buffer.concat(expected)), `seed ${seed}`).toBe(true)
    }
    expect(withHeader).toBeGreaterThan(100)
  })

  test('names the span of the call in 55 characters', () => {
    const context = callerContext(1)
    const run = { ...anyRun(seededRandom(1)), traces: { sinceMs: 0, contexts: new Map([[0, context]]) } }
    const text = new RecordWriter().write([run]).bytes.toString('latin1')
    const at = text.indexOf('traceparent') + 'traceparent'.length + 1
    expect(parseTraceparent(text.slice(at, at + 55))).toEqual(context)
  })
})

describe('a send of packed messages', () => {
  beforeAll(() => void vi.useFakeTimers({ toFake: ['Date'] }))
  afterAll(() => void vi.useRealTimers())

  const options = { acks: -1, timeout: 5_000, producerId: 7n, producerEpoch: 3, transactionalId: undefined }
  const request = (version: string, messagesPerPartition: Record<string, Messages>) => {
    const partitions = Object.keys(messagesPerPartition).map(partition => ({
      partition: Number(partition),
      firstSequence: 41,
      messages: messagesPerPartition[partition],
    }))
    return produceOf({ version })({ ...options, topicData: [{ topic: 'ping-events', partitions }] }).request.encode()
  }

  test.each(versions.filter(version => Number(version) >= 3))(
    'is the same request that kafkajs makes from plain messages, Produce v%s',
    async version => {
      const random = seededRandom(Number(version))
      const runs = new Map(Array.from({ length: 3 }, (_, partition) => [partition, Array.from({ length: 4 }, () => anyRun(random))]))
      const plain = [...runs].flatMap(([partition, each]) => each.flatMap(eventsOfRun).map(event => ({ value: encode(event), partition })))
      const writer = new RecordWriter()
      const packed = packedMessages(new Map([...runs].map(([partition, each]) => [partition, writer.write(each)])))
      const group = (messages: object) =>
        groupMessages({
          topic: 'ping-events',
          partitionMetadata: [{}],
          messages,
          partitioner: ({ message }: { message: { partition: number } }) => message.partition,
        })
      const [ofPlain, ofPacked] = [group(plain), group(packed)]
      expect(Object.entries(ofPacked).map(([partition, { length }]) => [partition, length])).toEqual(
        Object.entries(ofPlain).map(([partition, { length }]) => [partition, length]),
      )
      expect((await request(version, ofPacked)).buffer.equals((await request(version, ofPlain)).buffer)).toBe(true)
    },
  )
})
