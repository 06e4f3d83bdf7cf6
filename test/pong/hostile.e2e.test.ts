import { randomUUID } from 'node:crypto'
import kafkajs, { CompressionTypes, Partitioners, type Admin, type IHeaders, type Message, type Producer } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encode } from '../../pong/messages/encode.ts'
import { PartitionReader } from '../../src/kafka/partition-reader.ts'
import { createTopic, setTopic, silent, testKafka, testSettings } from '../kafka/kafka-fixture.ts'
import { kafkaKindsAtDepth, sharedKafka } from '../support/kafka.ts'
import { keepLogsOnFailure, type Program } from '../support/programs.ts'
import type { PongClient } from './pong-client.ts'
import { createPlace, type PongPlace } from './pong-fixture.ts'

keepLogsOnFailure()

/** Node does not detect it as a named export of the CommonJS module. */
const { CompressionCodecs } = kafkajs
const PING = encode({ type: 'ping', seq: 1, to: 'one', attempt: 1, padding: '' })
const DEEP = `{"type":"ping","seq":1,"padding":${'['.repeat(200_000)}${']'.repeat(200_000)}}`

interface DeadLetter {
  readonly value: Buffer | null
  readonly reason: string
}

describe.each(kafkaKindsAtDepth())('after a hostile message a pong server answers the next ping (%s):', kind => {
  const stops: (() => Promise<unknown>)[] = []
  let place: PongPlace
  let client: PongClient
  let server: Program
  let producer: Producer
  let admin: Admin
  /** Starts when the server has created the topic of dead letters. */
  let reader: PartitionReader | undefined
  const found: DeadLetter[] = []

  beforeAll(async () => {
    place = await createPlace(await sharedKafka(kind), { partitions: 1, onEnd: stop => stops.push(stop) })
    producer = testKafka(place.brokers).producer({ createPartitioner: Partitioners.DefaultPartitioner })
    admin = testKafka(place.brokers).admin()
    stops.push(() => Promise.all([producer.disconnect(), admin.disconnect()]))
    ;[client, server] = await Promise.all([place.client(), place.server('a'), producer.connect(), admin.connect()])
  })
  afterAll(async () => {
    for (const stop of stops.toReversed()) await stop()
  })

  const write = (message: Message, compression?: CompressionTypes) =>
    producer.send({ topic: place.topics.request, messages: [message], ...(compression !== undefined && { compression }) })
  const headers = (more: IHeaders = {}): IHeaders => ({ 'correlation-id': randomUUID(), 'reply-to': `${place.topics.reply}/0`, ...more })
  const deadLetters = async (): Promise<readonly DeadLetter[]> => {
    const topic = `${place.topics.request}.dead-letter`
    if (reader === undefined && (await admin.listTopics()).includes(topic)) {
      reader = readDeadLetters(place.brokers, topic, found)
      stops.push(() => reader!.stop())
    }
    return [...found]
  }

  test.each<readonly [name: string, value: string | Buffer | null, headers: () => IHeaders, reason: string | RegExp]>([
    ['no value', null, headers, 'value: got none, expected a JSON object'],
    ['no JSON', '{"type":"ping",', headers, /^value: got ".*", which is not JSON, expected a JSON object$/],
    ['JSON of 200 000 levels', DEEP, headers, 'padding: got a list of 1, expected a string'],
    ['bytes that are not UTF-8', Buffer.of(0x7b, 0xff), headers, 'value: got bytes that are not UTF-8, expected a JSON object'],
    ['an unknown type', '{"type":"pang","seq":1}', headers, /^type: got "pang", expected/],
    [
      'a pong',
      '{"type":"pong","seq":1,"from":"a","heldUs":1,"attempt":1,"redelivered":false}',
      headers,
      'type: got "pong", expected ping or ack',
    ],
    ['no correlation id', PING, () => headers({ 'correlation-id': undefined }), 'correlation-id: got none, expected a UUID'],
    [
      '1000 correlation ids',
      PING,
      () => headers({ 'correlation-id': Array(1_000).fill(randomUUID()) }),
      'correlation-id: got 1000 values, expected one value',
    ],
    ['no reply-to', PING, () => headers({ 'reply-to': undefined }), 'reply-to: got none, expected a topic and a partition, such as pong/3'],
    ['a malformed reply-to', PING, () => headers({ 'reply-to': 'pong' }), /^reply-to: got "pong", expected a topic and a partition/],
    [
      'a reply-to of another topic',
      PING,
      () => headers({ 'reply-to': '__consumer_offsets/0' }),
      /^reply-to: got "__consumer_offsets\/0", expected a partition of/,
    ],
    ['a reply-to of the request topic', PING, () => headers({ 'reply-to': `${place.topics.request}/0` }), /expected a partition of pong-/],
    [
      'a reply-to of a topic that does not exist',
      PING,
      () => headers({ 'reply-to': `${place.topics.reply}.none/0` }),
      /expected a topic that exists$/,
    ],
    [
      'a reply-to of a partition that does not exist',
      PING,
      () => headers({ 'reply-to': `${place.topics.reply}/1` }),
      /expected a partition from 0 to 0$/,
    ],
  ])('%s becomes a dead letter with its reason', async (_, value, makeHeaders, reason) => {
    const before = await deadLetters()
    await write({ value, headers: Object.fromEntries(Object.entries(makeHeaders()).filter(([, each]) => each !== undefined)) })
    expect((await client.roundTrip()).pong.from).toBe('a')
    await expect
      .poll(async () => (await deadLetters()).slice(before.length))
      .toEqual([
        { value: value === null ? null : Buffer.from(value), reason: typeof reason === 'string' ? reason : expect.stringMatching(reason) },
      ])
  })

  test('a batch that is compressed in a way that is not supported becomes a dead letter', async () => {
    const before = await deadLetters()
    CompressionCodecs[CompressionTypes.LZ4] = () => ({
      compress: async ({ buffer }: { buffer: Buffer }) => plainLz4(buffer),
      decompress: async (bytes: Buffer) => bytes,
    })
    await write({ value: PING, headers: headers() }, CompressionTypes.LZ4)
    expect((await client.roundTrip()).pong.from).toBe('a')
    await expect
      .poll(async () => (await deadLetters()).slice(before.length).map(({ reason }) => reason))
      .toEqual(['a batch compressed with lz4, expected none, gzip or zstd'])
  })

  test('a ping as large as a record may be is answered, or becomes a dead letter if its reply would be too large', async () => {
    const [fits] = await Promise.all([client.roundTrip({ padding: 'x'.repeat(900_000) }), client.roundTrip()])
    expect(fits.pong.padding).toHaveLength(900_000)
    expect(fits.pong.redelivered).toBe(false)
    const small = await createTopic(place.brokers, `${place.topics.reply}.small`)
    await setTopic(admin, small, 'max.message.bytes', '10000')
    await client.ping({ padding: 'x'.repeat(20_000) }, { replyTo: { topic: small, partition: 0 } })
    await expect.poll(async () => (await deadLetters()).map(({ reason }) => reason)).toContain('the reply was refused: MESSAGE_TOO_LARGE')
    expect((await client.roundTrip()).pong.redelivered).toBe(false)
    expect(await server.isReady()).toBe(true)
  })
})

function readDeadLetters(brokers: string, topic: string, found: DeadLetter[]): PartitionReader {
  const reader = new PartitionReader({
    settings: testSettings(brokers),
    clientId: 'test',
    topic,
    partitions: [0],
    from: 'earliest',
    log: silent,
    onRecords: (_, records) => {
      for (const { value, headers } of records) found.push({ value, reason: String(headers?.['pong-reason']) })
    },
  })
  reader.start()
  return reader
}

/** An LZ4 frame with one block that is not compressed: no checksums but that of the header. */
function plainLz4(bytes: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeUInt32LE((bytes.length | 0x80000000) >>> 0)
  return Buffer.concat([Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]), size, bytes, Buffer.alloc(4)])
}
