import { randomBytes, randomUUID } from 'node:crypto'
import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import { decode, type PingEvent } from '../../src/events/event.ts'
import { partitionOfLane } from '../../src/events/partition-of-lane.ts'
import { PingEventSchema } from '../../src/gen/ping/v1/ping_event_pb.ts'
import { PingRequestSchema } from '../../src/gen/ping/v1/ping_pb.ts'
import { encode } from '../support/encode-event.ts'

const EVENT: PingEvent = { id: randomUUID(), timestampMs: -1n, lane: 15, seq: 1n, tag: 2n ** 63n - 1n, previousTag: 0n }
const EVENTS: readonly PingEvent[] = [
  EVENT,
  { ...EVENT, timestampMs: 0n, lane: 0, seq: 2n ** 62n, tag: 1n, previousTag: 2n ** 63n - 1n },
  { ...EVENT, timestampMs: -62_135_596_800_000n },
  { ...EVENT, timestampMs: 253_402_300_799_999n },
]
const bytesOf = (fields: MessageInitShape<typeof PingEventSchema>) => toBinary(PingEventSchema, create(PingEventSchema, fields))

describe('the value of a record', () => {
  test('is decoded as it was encoded', () => {
    for (const event of EVENTS) expect(decode(encode(event))).toEqual({ kind: 'event', event })
  })

  test('can be read as the PingRequest of the original, even with time 0', () => {
    for (const event of EVENTS) {
      const { timestampMs, pingId } = fromBinary(PingRequestSchema, encode(event))
      expect({ timestampMs, pingId }).toEqual({ timestampMs: event.timestampMs, pingId: event.id })
    }
  })

  test.each([
    ['a PingRequest', toBinary(PingRequestSchema, create(PingRequestSchema, { timestampMs: 1_700_000_000_000n }))],
    ['a PingRequest of 1970', Buffer.from([0x08, 0x00])],
    ['a PingRequest without a time', Buffer.alloc(0)],
  ])('of the original producer is recognized: %s', (_, value) => {
    expect(decode(value)).toEqual({ kind: 'legacy' })
  })

  test.each<[string, Uint8Array | null, RegExp]>([
    ['none', null, /no value, expected a ping\.v1\.PingEvent/],
    ['no protobuf', Buffer.from('{"timestampMs":1}'), /^not a ping\.v1\.PingEvent: /],
    ['cut off', encode(EVENT).subarray(0, -3), /^not a ping\.v1\.PingEvent: /],
    ['without a time', bytesOf({ seq: 1n, tag: 1n }), /timestamp_ms undefined, expected/],
    ['with a negative seq', bytesOf({ timestampMs: 1n, seq: -1n, tag: 1n }), /got seq -1, .*expected seq and tag above 0/],
    ['without a tag', bytesOf({ timestampMs: 1n, seq: 1n }), /tag 0, .*expected seq and tag above 0/],
  ])('that cannot be decoded is reported with the reason: %s', (_, value, reason) => {
    expect(decode(value)).toEqual({ kind: 'undecodable', reason: expect.stringMatching(reason) })
  })

  test('with random bytes never throws', () => {
    const kinds = new Set<string>()
    for (let n = 0; n < 5_000; n++) kinds.add(decode(n % 2 ? randomBytes(n % 60) : damaged(encode(EVENT))).kind)
    expect(kinds).toEqual(new Set(['event', 'legacy', 'undecodable']))
  })
})

function damaged(value: Buffer): Buffer {
  value[Math.floor(Math.random() * value.length)] = Math.floor(Math.random() * 256)
  return value
}

test('every lane has one partition', () => {
  expect([0, 1, 3, 4, 15].map(lane => partitionOfLane(lane, 4))).toEqual([0, 1, 3, 0, 3])
})
