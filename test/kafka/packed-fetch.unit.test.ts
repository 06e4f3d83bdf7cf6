import { createRequire } from 'node:module'
import type { KafkaMessage } from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { fetchedRecords } from '../../src/events/fetched-records.ts'
import { registerCodecs } from '../../src/kafka/codecs.ts'
import { packFetches } from '../../src/kafka/packed-fetch.ts'
import { PackedRecords } from '../../src/kafka/packed-records.ts'
import { indexRecords } from '../../src/kafka/record-index.ts'
import { unreadableBatch } from '../../src/kafka/unreadable-records.ts'
import { atDepth, firstOrAll } from '../support/depth.ts'
import { seededRandom, type Random } from '../support/random.ts'

const require = createRequire(import.meta.url)
const Encoder = require('kafkajs/src/protocol/encoder')
const encodeBatch = require('kafkajs/src/protocol/recordBatch/v0') as { RecordBatch(batch: object): Promise<{ buffer: Buffer }> }
const encodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0')
const Batch = require('kafkajs/src/consumer/batch') as new (topic: string, from: string, partition: object) => FetchedBatch
const response = require('kafkajs/src/protocol/requests/fetch/v11/response') as { decode(bytes: Buffer): Promise<Response> }
/** kafkajs' own, as it was before. */
const decodePlainly = response.decode
packFetches()
const decodePacked = response.decode
registerCodecs()

interface FetchedBatch {
  readonly messages: readonly KafkaMessage[]
  firstOffset(): string | null
  lastOffset(): string
  offsetLag(): string
  isEmpty(): boolean
  isEmptyDueToFiltering(): boolean
  isEmptyControlRecord(): boolean
  isEmptyDueToLogCompactedMessages(): boolean
}

interface Response {
  readonly responses: readonly {
    readonly topicName: string
    readonly partitions: readonly { readonly messages: readonly KafkaMessage[] }[]
  }[]
}

const [PLAIN, GZIP] = [0, 1]
/** With each seed. */
const FETCHES = atDepth({ normally: 30, thoroughly: 50 })

async function recordBatch(
  random: Random,
  firstOffset: number,
  options: { compression?: number; transactional?: boolean } = {},
): Promise<Buffer> {
  const count = random.between(1, 6)
  const bytes = () => Buffer.from(Array.from({ length: random.between(0, 200) }, () => random.between(0, 256)))
  let offsetDelta = 0
  const records = Array.from({ length: count }, () => {
    const headers = random.pick([{}, {}, { a: bytes() }, { a: [bytes(), bytes()], b: bytes() }])
    offsetDelta += random.pick([1, 1, 1, 70])
    return encodeRecord({
      offsetDelta: offsetDelta - 1,
      timestampDelta: random.between(0, 100_000),
      key: random.pick([null, bytes()]),
      value: random.pick([null, bytes(), bytes()]),
      headers,
    })
  })
  const { buffer } = await encodeBatch.RecordBatch({
    firstOffset,
    firstTimestamp: 1_795_000_000_000,
    maxTimestamp: 1_795_000_100_000,
    lastOffsetDelta: offsetDelta - 1,
    records,
    compression: options.compression ?? PLAIN,
    transactional: options.transactional ?? false,
  })
  return buffer
}

function fetchResponse(sets: readonly Buffer[]): Buffer {
  const partitions = sets.map((set, partition) =>
    new Encoder()
      .writeInt32(partition)
      .writeInt16(0)
      .writeInt64(5_000)
      .writeInt64(5_000)
      .writeInt64(0)
      .writeArray([])
      .writeInt32(-1)
      .writeBytes(set),
  )
  return new Encoder()
    .writeInt32(7)
    .writeInt16(0)
    .writeInt32(9)
    .writeArray([new Encoder().writeString('pings').writeArray(partitions)]).buffer
}

/** What a consumer can see of a batch that was fetched from this offset on. */
function seen(messages: readonly KafkaMessage[], from: number) {
  const batch = new Batch('pings', String(from), { partition: 0, highWatermark: '5000', abortedTransactions: [], messages })
  return {
    bounds: [batch.firstOffset(), batch.lastOffset(), batch.offsetLag()],
    empty: [batch.isEmpty(), batch.isEmptyDueToFiltering(), batch.isEmptyControlRecord(), batch.isEmptyDueToLogCompactedMessages()],
    length: batch.messages.length,
    last: batch.messages[batch.messages.length - 1]?.offset,
    messages: [...batch.messages].map(content),
  }
}

function content({ key, value, headers, offset, timestamp, attributes }: KafkaMessage) {
  return { key, value, headers, offset, timestamp, attributes }
}

const messagesOf = ({ responses }: Response) => responses.flatMap(({ partitions }) => partitions.map(({ messages }) => messages))

test.each(firstOrAll([1, 2, 3]))('a consumer gets the same from packed fetches as from kafkajs (%i)', async seed => {
  const random = seededRandom(seed)
  for (let count = 0; count < FETCHES; count++) {
    const sets = [Buffer.alloc(0)]
    for (let partition = 0; partition < 2; partition++) {
      let set = Buffer.alloc(0)
      for (let batches = random.between(1, 4); batches > 0; batches--) set = Buffer.concat([set, await recordBatch(random, set.length)])
      sets.push(set.subarray(0, set.length - random.pick([0, 0, 1, 50])))
    }
    const bytes = fetchResponse(sets)
    const [plain, packed] = [await decodePlainly(bytes), await decodePacked(bytes)]
    expect({ ...packed, responses: [] }).toEqual({ ...plain, responses: [] })
    const from = random.between(0, 1_000)
    expect(
      messagesOf(packed).map(messages => seen(messages, from)),
      `seed ${seed}, fetch ${count}`,
    ).toEqual(messagesOf(plain).map(messages => seen(messages, from)))
  }
})

test.each(firstOrAll([4, 5, 6]))('damaged fetches are read as kafkajs reads them, or left to it (%i)', async seed => {
  const random = seededRandom(seed)
  let packedCount = 0
  for (let count = 0; count < 3 * FETCHES; count++) {
    const set = Buffer.concat([await recordBatch(random, 0), await recordBatch(random, 500)])
    set[random.between(0, set.length)] = random.between(0, 256)
    const index = indexRecords(set) // kafkajs alone would read some of the others without an end
    if (index === undefined) continue
    packedCount++
    const [plain] = messagesOf(await decodePlainly(fetchResponse([set])))
    expect([...new PackedRecords(index)].map(content), `seed ${seed}, fetch ${count}: ${set.toString('hex')}`).toEqual(plain!.map(content))
  }
  expect(packedCount).toBeGreaterThan(1.5 * FETCHES)
})

test('compressed batches and transactions are read as kafkajs reads them', async () => {
  const random = seededRandom(7)
  for (const options of [{ compression: GZIP }, { transactional: true }]) {
    const [messages] = messagesOf(
      await decodePacked(fetchResponse([Buffer.concat([await recordBatch(random, 0), await recordBatch(random, 500, options)])])),
    )
    expect(messages).toBeInstanceOf(Array)
    expect(messages!.at(-1)!.offset >= '500').toBe(true)
  }
})

test('a record with headers or without a value is read as a message in every kind of fetch', async () => {
  const make = (more: object) => encodeRecord({ offsetDelta: 0, timestampDelta: 0, key: null, value: Buffer.from('x'), ...more })
  for (const more of [{ headers: { 'ping-unreadable-batch': Buffer.from('why') } }, { value: null }]) {
    const { buffer } = await encodeBatch.RecordBatch({ firstOffset: 3, records: [make(more)] })
    const bytes = fetchResponse([buffer])
    for (const decode of [decodePlainly, decodePacked]) {
      const records = fetchedRecords(messagesOf(await decode(bytes))[0]!)
      expect(records.eventAt(0)).toBeUndefined()
      expect(records.offsetAt(0)).toBe(3)
      expect(records.messageAt(0)).toMatchObject({ offset: '3', ...more })
    }
  }
})

describe('a batch that cannot be read becomes messages with the reason, and the batches around it are read', () => {
  const varint = (value: number) => new Encoder().writeVarInt(value).buffer as Buffer
  const sized = (...parts: readonly Buffer[]) => Buffer.concat([varint(Buffer.concat(parts).length), ...parts])
  const zero = Buffer.of(0)
  const [noKey, value] = [varint(-1), Buffer.concat([varint(1), Buffer.from('x')])]
  const asRecord = (bytes: Buffer) => ({ buf: bytes, buffer: bytes })
  const cases: Readonly<Record<string, { readonly records: readonly Buffer[]; readonly compression?: number }>> = {
    'a record that is no record': { records: [Buffer.alloc(40, 0xff)] },
    'a record longer than its batch': { records: [Buffer.concat([varint(1_000), Buffer.alloc(20)])] },
    'more headers than there can be, over which kafkajs takes minutes': {
      records: [sized(zero, zero, zero, noKey, value, varint(2 ** 31 - 1))],
    },
    'a time of eleven bytes': { records: [sized(zero, Buffer.alloc(10, 0x80), zero, zero, noKey, value, zero)] },
    'fewer records than announced': { records: [sized(zero, zero, zero, noKey, value, zero), Buffer.alloc(0)] },
    'more headers than there can be, compressed': {
      records: [sized(zero, zero, zero, noKey, value, varint(2 ** 31 - 1))],
      compression: GZIP,
    },
    'fewer records than announced, compressed': { records: [sized(zero, zero, zero, noKey, value, zero)], compression: GZIP },
    'an unknown compression': { records: [sized(zero, zero, zero, noKey, value, zero)], compression: 5 },
  }
  test.each(Object.entries(cases))('%s', async (_, { records, compression = PLAIN }) => {
    const good = async (firstOffset: number) =>
      (
        await encodeBatch.RecordBatch({
          firstOffset,
          records: [encodeRecord({ offsetDelta: 0, timestampDelta: 0, key: null, value: Buffer.from('good') })],
        })
      ).buffer
    const { buffer: bad } = await encodeBatch.RecordBatch({
      firstOffset: 7,
      lastOffsetDelta: 2,
      records: records.map(asRecord),
      compression: compression === GZIP ? GZIP : PLAIN,
    })
    if (compression !== GZIP) bad.writeUInt16BE(compression, 21)
    bad.writeInt32BE(3, 57) // records
    const [messages] = messagesOf(await decodePacked(fetchResponse([Buffer.concat([await good(6), bad, await good(10)])])))
    const seenOffsets = [...messages!].map(({ offset }) => offset)
    expect(seenOffsets).toEqual(['6', '7', '9', '10'])
    const [before, first, last, after] = [...messages!]
    expect([before!.value, after!.value]).toEqual([Buffer.from('good'), Buffer.from('good')])
    expect(unreadableBatch(first!)).toEqual({ reason: expect.stringContaining('a batch') })
    expect(first!.value).toEqual(bad)
    expect(unreadableBatch(last!)).toBe('rest')
  })
})

test('a batch of a megabyte that expands to a gigabyte is not read', async () => {
  const bytes = Buffer.alloc(2 ** 26)
  const { buffer } = await encodeBatch.RecordBatch({ firstOffset: 3, records: [{ buf: bytes, buffer: bytes }], compression: GZIP })
  const [messages] = messagesOf(await decodePacked(fetchResponse([buffer])))
  expect([...messages!].map(unreadableBatch)).toEqual([{ reason: expect.stringContaining('a batch that is not valid gzip') }])
})

/** Of the CPU, which a machine that stops does not use. It takes about 50 ms if each header is read once. */
const MANY_HEADERS_MS = 5_000

test('a record with many headers is read fast, and a header may be named toString', async () => {
  const headers = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`h${index}`, Buffer.from('v')]))
  const record = encodeRecord({
    offsetDelta: 0,
    timestampDelta: 0,
    key: null,
    value: null,
    headers: { ...headers, toString: Buffer.from('t') },
  })
  const { buffer } = await encodeBatch.RecordBatch({ firstOffset: 3, records: [record] })
  const [messages] = messagesOf(await decodePacked(fetchResponse([buffer])))
  const began = process.cpuUsage()
  const [message] = [...messages!]
  expect(process.cpuUsage(began).user / 1_000).toBeLessThan(MANY_HEADERS_MS)
  expect(Object.keys(message!.headers!)).toHaveLength(20_001)
  expect(message!.headers!['toString']).toEqual(Buffer.from('t'))
})
