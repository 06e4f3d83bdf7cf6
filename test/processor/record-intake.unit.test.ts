import { createRequire } from 'node:module'
import { create, toBinary } from '@bufbuild/protobuf'
import type { IHeaders, KafkaMessage } from 'kafkajs'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { Received } from '../../processor/lane-buffer.ts'
import { createProcessorMetrics } from '../../processor/metrics.ts'
import { RecordIntake } from '../../processor/record-intake.ts'
import { eventsOfRun, type EventRun } from '../../src/events/event-run.ts'
import { fetchedRecords, type FetchedRecords } from '../../src/events/fetched-records.ts'
import { RecordWriter } from '../../src/events/record-writer.ts'
import { PingRequestSchema } from '../../src/gen/ping/v1/ping_pb.ts'
import type { DeadLetters } from '../../src/kafka/dead-letters.ts'
import { PartitionOffsets } from '../../src/kafka/offsets.ts'
import { PackedRecords } from '../../src/kafka/packed-records.ts'
import { indexRecords } from '../../src/kafka/record-index.ts'
import { toTraceparent } from '../../src/tracing/trace-context.ts'
import { silent } from '../counters/caches.ts'
import { encode } from '../support/encode-event.ts'
import { callerContext, RecordingTracing } from '../support/recording-tracing.ts'
import { event } from './events.ts'

const require = createRequire(import.meta.url)
const Encoder = require('kafkajs/src/protocol/encoder') as new () => { writeBuffer(bytes: Buffer): object }
const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0') as { RecordBatch(batch: object): Promise<{ buffer: Buffer }> }

const TRACEPARENT = Buffer.from(toTraceparent(callerContext(7)))
const UNDECODABLE = Buffer.from([0xff])
const LEGACY = Buffer.from(toBinary(PingRequestSchema, create(PingRequestSchema, { timestampMs: 1_700_000_000_000n })))

let received: Received[]
let put: ReturnType<typeof vi.fn<DeadLetters['put']>>
beforeEach(() => {
  received = []
  put = vi.fn<DeadLetters['put']>(async () => undefined)
})

async function takeAll(records: FetchedRecords, tracing?: RecordingTracing): Promise<PartitionOffsets> {
  const flusher = { receive: (each: Received) => void received.push(each) }
  const intake = new RecordIntake({ flusher, deadLetters: { put }, log: silent, metrics: createProcessorMetrics(), tracing })
  const offsets = new PartitionOffsets()
  for (let index = 0; index < records.length; index++) await intake.take(0, records, index, offsets)
  return offsets
}

const recordOf = (value: Buffer | null, headers?: IHeaders): FetchedRecords =>
  fetchedRecords([{ offset: '5', key: null, value, headers, attributes: 0, timestamp: '0' } as KafkaMessage])

/** What a fetch contains after the relay has sent this run. */
async function fetched(run: EventRun): Promise<FetchedRecords> {
  const { bytes, count } = new RecordWriter().write([run])
  const records = Array.from({ length: count }, (_, index) => (index === 0 ? new Encoder().writeBuffer(bytes) : new Encoder()))
  const { buffer } = await RecordBatch({ firstOffset: 40, firstTimestamp: 0, maxTimestamp: 0, lastOffsetDelta: count - 1, records })
  return fetchedRecords(new PackedRecords(indexRecords(buffer)!))
}

describe('the records of a fetch, of which one is of a sampled ping', () => {
  const pings = Array.from({ length: 3 }, (_, n) => ({ id: `0000000${n}-0000-7000-8000-000000000000`, timestampMs: 1_000n }))
  const run = { lane: 0, firstSeq: 1n, tag: 9n, previousTag: 0n, pings, traces: { sinceMs: 0, contexts: new Map([[1, callerContext(7)]]) } }
  const counted = eventsOfRun(run).map(({ lane, seq, tag, previousTag, timestampMs }) => ({ lane, seq, tag, previousTag, timestampMs }))

  test('are all received, and that one with its trace', async () => {
    const records = await fetched(run)
    expect([0, 1, 2].map(index => records.eventAt(index) !== undefined)).toEqual([true, false, true])
    await takeAll(records, new RecordingTracing())
    expect(received.map(each => each.event)).toEqual(counted)
    expect(received.map(({ record }) => record.offset)).toEqual([40, 41, 42])
    expect(received.map(({ trace }) => trace?.context)).toEqual([undefined, callerContext(7), undefined])
    expect(Math.abs(received[1]!.trace!.receivedMs - Date.now())).toBeLessThan(60_000)
  })

  test('are received without traces by a processor that does not record spans', async () => {
    await takeAll(await fetched(run))
    expect(received.map(each => each.event)).toEqual(counted)
    expect(received.map(each => 'trace' in each)).toEqual([false, false, false])
  })
})

describe('a record with headers', () => {
  test.each<[string, IHeaders]>([
    ['is malformed', { traceparent: Buffer.from('00-zz-zz-01') }],
    ['is not sampled', { traceparent: Buffer.from(toTraceparent({ ...callerContext(7), isSampled: false })) }],
    ['comes twice', { traceparent: [TRACEPARENT, TRACEPARENT] }],
    ['has no value', { traceparent: null as unknown as Buffer }],
    ['is not text', { traceparent: Buffer.from([0xff, 0xfe, 0x00]) }],
    [
      'is a megabyte long',
      { traceparent: Buffer.concat([Buffer.from(`01${String(TRACEPARENT).slice(2)}`), Buffer.from(`-${'x'.repeat(1_000_000)}`)]) },
    ],
    ['is missing', { other: Buffer.from('x') }],
  ])('is counted without a trace if its traceparent %s', async (_, headers) => {
    await takeAll(recordOf(encode(event(1)), headers), new RecordingTracing())
    expect(received.map(each => [each.event.seq, each.trace])).toEqual([[1n, undefined]])
  })

  test('is counted with its trace if another program wrote its event in another form', async () => {
    const otherForm = Buffer.concat([encode(event(1)), Buffer.from([0x78, 0x01])]) // with a field that Ping does not know
    await takeAll(recordOf(otherForm, { traceparent: TRACEPARENT }), new RecordingTracing())
    expect(received.map(each => [each.event.seq, each.trace?.context])).toEqual([[1n, callerContext(7)]])
  })

  test.each([
    ['cannot be decoded', UNDECODABLE],
    ['has no value', null],
  ])('that %s goes to the dead-letter topic with them', async (_, value) => {
    const headers = { traceparent: TRACEPARENT, other: Buffer.from('x') }
    const offsets = await takeAll(recordOf(value, headers), new RecordingTracing())
    expect(put.mock.calls.map(([partition, message]) => [partition, message.value, message.headers])).toEqual([[0, value, headers]])
    expect([received, offsets.toCommit()]).toEqual([[], 6])
  })

  test('of the original producer is not counted', async () => {
    const offsets = await takeAll(recordOf(LEGACY, { traceparent: TRACEPARENT }), new RecordingTracing())
    expect([received, put.mock.calls, offsets.toCommit()]).toEqual([[], [], 6])
  })
})
