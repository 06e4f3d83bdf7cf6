import { create, toBinary } from '@bufbuild/protobuf'
import { CompressionCodecs, CompressionTypes, Kafka, logLevel, type KafkaMessage } from 'kafkajs'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { HASH } from '../../src/counters/names.ts'
import { PingRequestSchema } from '../../src/gen/ping/v1/ping_pb.ts'
import { registerCodecs } from '../../src/kafka/codecs.ts'
import { firstOrAll, thoroughly } from '../support/depth.ts'
import { encode } from '../support/encode-event.ts'
import { kafkaKindsAtDepth, uniqueName } from '../support/kafka.ts'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'
import { keepLogsOnFailure, until, type Program } from '../support/programs.ts'
import { startCache, type TestRedis } from '../support/redis.ts'
import { sideBySide } from '../support/side-by-side.ts'
import { processorFixture, type ProcessorFixture } from './processor-fixture.ts'

/** No matter what is in the topic, the count stays correct, and the processor goes on and commits its offsets. */
sideBySide(
  kafkaKindsAtDepth(),
  kind => `the processor reads (${kind})`,
  kind => {
    let redis: TestRedis
    let database: TestDatabase
    let at: ProcessorFixture
    let processor: Program
    keepLogsOnFailure()
    beforeAll(async () => {
      redis = await startCache()
      database = await testDatabase()
      at = await processorFixture(database, redis.url, kind)
      processor = await at.start({ FLUSH_INTERVAL_MS: '100' })
      await until('the processor reads', () => processor.log().some(line => line.includes('reading these partitions'))) // it is ready before
      await at.publish(await at.record(0, [1, 2, 3]))
      await at.publish(await at.record(1, [60_000]))
      await allCommitted() // so it has joined its group: pings before that may be caught up from Postgres
    })
    afterAll(async () => {
      await at.close()
      await database.drop()
      await redis.stop()
    })
    beforeEach(() => at.untilTrue())

    const allCommitted = () => until('all offsets are committed', async () => (await at.uncommitted()) === 0)
    const verdicts = async (verdict: string) => {
      const text = await (await fetch(`${processor.url}/metrics`)).text()
      return Number(new RegExp(`verdict="${verdict}"} (\\d+)`).exec(text)?.[1] ?? 0)
    }
    /** Events of whatever verdict: on a busy machine a tick may count a ping before its event is read. */
    const eventsRead = async () => {
      const counts = await Promise.all(['accepted', 'duplicate', 'waiting', 'refused'].map(verdicts))
      return counts.reduce((sum, each) => sum + each, 0)
    }
    /** Does it again until there is a record of this verdict more: a lane that is being caught up gives another. */
    const untilVerdict = async (verdict: string, act: () => Promise<void>) => {
      const before = await verdicts(verdict)
      await until(`a record is ${verdict}`, async () => {
        await act()
        return (await verdicts(verdict)) > before
      })
    }
    /** Sends, then publishes real pings after it; waits until the count is correct and all offsets are committed. */
    const goesOn = async (send: () => Promise<void>) => {
      await send()
      await at.publish([...(await at.record(0, [4])), ...(await at.record(1, [4]))])
      await at.untilTrue()
      await allCommitted()
    }

    test('events are counted, and their offsets committed', async () => {
      const before = await eventsRead()
      await goesOn(async () => at.publish(await at.record(2, [5, 6])))
      expect(await eventsRead()).toBeGreaterThanOrEqual(before + 4)
      await untilVerdict('accepted', () => goesOn(async () => undefined))
    })

    test('events that come twice are counted once', async () => {
      await untilVerdict('duplicate', async () => {
        const events = await at.record(0, [7, 8])
        await goesOn(() => at.publish([...events, ...events, events[0]!]))
      })
    })

    test('an event with a forged seq of 10^12 is not counted, and does not hold up the offsets', async () => {
      await untilVerdict('refused', async () => {
        const [event] = await at.record(0, [9])
        await goesOn(() => at.publish([{ ...event!, seq: 10n ** 12n }]))
      })
    })

    test('a forged event with the next seq and another previous tag is not counted, but the real ping is', async () => {
      const [event] = await at.record(0, [10])
      await goesOn(() => at.publish([{ ...event!, timestampMs: 77_000_000n, previousTag: event!.previousTag + 1n }]))
      expect((await at.hash())['minute:1283']).toBeUndefined()
    })

    // At both depths the same with another previous tag.
    thoroughly(test)('a forged event with the next seq and the right previous tag is corrected', async () => {
      const [event] = await at.record(0, [11])
      await goesOn(() => at.publish([{ ...event!, tag: 5n, timestampMs: 77_000_000n }]))
      expect((await at.hash())['minute:1283']).toBeUndefined()
    })

    test('an event of a minute that is malformed in the cache makes it be rebuilt, without waiting for an audit', async () => {
      await at.cache.hset(HASH, 'minute:0', 'many')
      await goesOn(async () => undefined)
    })

    test('an event of a lane that does not exist is ignored', async () => {
      const [event] = await at.record(0, [12])
      await goesOn(() => at.publish([{ ...event!, lane: 4_000_000 }]))
      expect(await verdicts('foreign')).toBeGreaterThanOrEqual(1)
    })

    test('records of the original producer are not counted, but logged', async () => {
      const value = Buffer.from(toBinary(PingRequestSchema, create(PingRequestSchema, { timestampMs: 1_700_000_000_000n })))
      await goesOn(() => at.send(0, { value }))
      await goesOn(() => at.send(0, { value: Buffer.alloc(0) })) // without a timestamp
      expect(await verdicts('legacy')).toBe(2)
      expect(processor.log().filter(line => line.includes('original producer'))).toHaveLength(1)
    })

    test('a record that cannot be decoded goes to the dead-letter topic, with its place and the reason', async () => {
      const own = { trace: 'abc', 'ping-offset': 'of another program', twice: ['one', 'two'] }
      await goesOn(() => at.send(1, { key: 'a key', value: Buffer.from([0xff, 0xff, 0xff]), headers: own }))
      await goesOn(() => at.send(0, { value: null }))
      expect(await verdicts('undecodable')).toBe(2)
      const [first, second] = await readAll(at, `${at.place.topic}.dead-letter`, 2)
      const headers = (message: KafkaMessage) =>
        Object.fromEntries(Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]))
      expect(first!.value).toEqual(Buffer.from([0xff, 0xff, 0xff]))
      expect(String(first!.key)).toBe('a key')
      expect(headers(first!)).toMatchObject({
        'ping-topic': at.place.topic,
        'ping-partition': '1',
        'ping-reason': expect.stringMatching(/^not a ping.v1.PingEvent/),
      })
      expect(headers(first!)).toMatchObject({
        trace: 'abc',
        'original.ping-offset': 'of another program',
        twice: 'one,two',
        'ping-offset': expect.stringMatching(/^\d+$/),
      })
      expect(second!.value).toBeNull()
      expect(headers(second!)).toMatchObject({ 'ping-partition': '0', 'ping-reason': expect.stringContaining('no value') })
    })

    test('an undecodable record of the maximum size goes to the dead-letter topic without its value, and the stream goes on', async () => {
      const value = Buffer.alloc(1_048_576 - 200, 0xff)
      await goesOn(() => at.send(0, { value }))
      const letters = await readAll(at, `${at.place.topic}.dead-letter`, 3)
      expect(letters[2]!.value).toBeNull()
      expect(String(letters[2]!.headers?.['ping-left-out'])).toBe(`${value.length} bytes`)
    })

    test.each(
      firstOrAll([
        ['gzip', CompressionTypes.GZIP],
        ['zstd', CompressionTypes.ZSTD],
      ] as const),
    )('events that another program compressed with %s are counted', async (_, compression) => {
      registerCodecs()
      const before = await eventsRead()
      const [event] = await at.record(0, [13])
      await goesOn(() => at.send(0, { value: encode(event!) }, compression))
      expect(await eventsRead()).toBeGreaterThanOrEqual(before + 3)
    })

    test.each(
      firstOrAll([
        ['snappy', CompressionTypes.Snappy],
        ['lz4', CompressionTypes.LZ4],
      ] as const),
    )(
      'a batch compressed with %s, which is not supported, goes to the dead-letter topic, and its pings are caught up from Postgres',
      async (name, compression) => {
        const before = await verdicts('undecodable')
        const events = await at.record(0, [14, 15, 16])
        const bytes = name === 'snappy' ? plainSnappy : plainLz4
        CompressionCodecs[compression] = () => ({ compress: async ({ buffer }: { buffer: Buffer }) => bytes(buffer) })
        for (const event of events) await goesOn(() => at.send(0, { value: encode(event) }, compression))
        expect(await verdicts('undecodable')).toBe(before + 3)
        expect(processor.log().join('\n')).toContain(`a batch compressed with ${name}`)
      },
    )

    // At both depths "a record that cannot be decoded", with headers of its own.
    thoroughly(test)('an undecodable record with a header named as a method of all objects goes to the dead-letter topic', async () => {
      const before = await verdicts('undecodable')
      await goesOn(() => at.send(1, { value: Buffer.from([0xff]), headers: { toString: 'x', constructor: 'y' } }))
      await goesOn(() => at.send(1, { value: Buffer.from([0xff]), headers: { toString: 'x', constructor: 'y' } }, CompressionTypes.GZIP))
      expect(await verdicts('undecodable')).toBe(before + 2)
    })

    // Apache Kafka checks the records of a batch before it accepts it.
    test.runIf(kind === "Ping's broker")(
      'a batch whose records are malformed goes to the dead-letter topic as a whole, and reading continues',
      async () => {
        const before = await verdicts('undecodable')
        await goesOn(() => at.sendRecords(1, { count: 3, bytes: Buffer.alloc(100, 0xff) }))
        const headers = Buffer.from([0, 0, 0, 1, 2, 0x78, 0xfe, 0xff, 0xff, 0xff, 0x0f]) // 2^31 - 1 of them
        await goesOn(() => at.sendRecords(1, { count: 1, bytes: Buffer.concat([Buffer.of(2 * headers.length), headers]) }))
        expect(await verdicts('undecodable')).toBe(before + 3)
        expect(processor.log().join('\n')).toContain('a batch with malformed records')
      },
    )
  },
)

async function readAll(at: ProcessorFixture, topic: string, count: number): Promise<readonly KafkaMessage[]> {
  const kafka = new Kafka({ brokers: [at.place.brokers], logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: uniqueName(), maxWaitTimeInMs: 100 })
  const messages: KafkaMessage[] = []
  await consumer.connect()
  try {
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({ eachMessage: async ({ message }) => void messages.push(message) })
    await until(`${count} records are in ${topic}`, () => messages.length >= count)
  } finally {
    await consumer.disconnect()
  }
  return messages
}

/** A frame of xerial's Snappy with one literal: valid for every reader, and compressed with nothing. */
function plainSnappy(bytes: Buffer): Buffer {
  const header = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1])
  const length: number[] = []
  for (let rest = bytes.length; ; rest >>>= 7) {
    length.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest)
    if (rest <= 0x7f) break
  }
  const literal = Buffer.from([61 << 2, (bytes.length - 1) & 0xff, (bytes.length - 1) >> 8])
  const block = Buffer.concat([Buffer.from(length), literal, bytes])
  const size = Buffer.alloc(4)
  size.writeUInt32BE(block.length)
  return Buffer.concat([header, size, block])
}

/** An LZ4 frame with one block that is not compressed: no checksums but that of the header. */
function plainLz4(bytes: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeUInt32LE((bytes.length | 0x80000000) >>> 0)
  return Buffer.concat([Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]), size, bytes, Buffer.alloc(4)])
}
