import { expect, test } from 'vitest'
import { EventReader } from '../../src/events/event-reader.ts'
import { decode, type PingEvent } from '../../src/events/event.ts'
import { encode } from '../support/encode-event.ts'
import { seededRandom, type Random } from '../support/random.ts'

const MAX_TAG = 2n ** 63n - 1n
const EVENT: PingEvent = {
  id: '018f2b5e-0000-7000-8000-000000000001',
  timestampMs: 1_795_000_000_000n,
  lane: 15,
  seq: 1n,
  tag: MAX_TAG,
  previousTag: 0n,
}

function randomEvent(random: Random, last: PingEvent): PingEvent {
  const big = () => BigInt(random.between(1, 2 ** 31)) * BigInt(random.between(1, 2 ** 31))
  const tag = random.pick([last.tag, big(), MAX_TAG])
  return {
    id: random.pick([EVENT.id, EVENT.id, EVENT.id, '', 'é', 'x'.repeat(127), 'x'.repeat(128)]),
    timestampMs: random.pick([0n, 1n, -1n, EVENT.timestampMs, 253_402_300_799_999n, -62_135_596_800_000n, big()]),
    lane: random.pick([0, 1, 15, 1_000, 2 ** 28 - 1, 2 ** 28, 2 ** 32 - 1]),
    seq: random.pick([1n, 127n, 128n, 2n ** 49n - 1n, 2n ** 49n, 2n ** 62n, big()]),
    tag,
    previousTag: random.pick([tag, last.tag, 0n, big()]),
  }
}

/** With some bytes added, removed or changed; the bytes before and after do not belong to the record. */
function damaged(random: Random, value: Buffer): Buffer {
  const bytes = Buffer.from(value)
  for (let count = random.between(0, 3); count > 0; count--)
    bytes[random.between(0, bytes.length)] = random.pick([random.between(0, 256), 0, 0x80, 0xff])
  const cut = random.pick([0, 0, 0, random.between(0, bytes.length)])
  return Buffer.concat([bytes.subarray(0, bytes.length - cut), Buffer.alloc(random.pick([0, 0, 0, 9]), 0x31)])
}

test.each([1, 2, 3, 4])('the event reader reads 5 000 events, whole and damaged, as protobuf-es does (%i)', seed => {
  const random = seededRandom(seed)
  const reader = new EventReader()
  let event = EVENT
  let read = 0
  for (let count = 0; count < 5_000; count++) {
    event = randomEvent(random, event)
    const whole = encode(event)
    const value = count % 2 === 0 ? whole : damaged(random, whole)
    const [before, after] = [random.between(0, 20), random.between(0, 20)]
    const found = reader.read(Buffer.concat([Buffer.alloc(before, 0x08), value, Buffer.alloc(after, 0x31)]), before, before + value.length)
    if (found === undefined) continue
    read++
    const expected = decode(value)
    const context = `seed ${seed}, event ${count}: ${value.toString('hex')}`
    expect(expected.kind, context).toBe('event')
    if (expected.kind === 'event') expect({ id: expected.event.id, ...found }, context).toEqual(expected.event)
  }
  expect(read).toBeGreaterThan(300)
})

test.each<[string, Partial<PingEvent>]>([
  ['the first of a lane', {}],
  ['a further one', { seq: 2n, previousTag: MAX_TAG }],
  ['lane 0', { lane: 0 }],
  ['time 0', { timestampMs: 0n }],
  ['the last time', { timestampMs: 253_402_300_799_999n }],
  ['a seq of 15 digits', { seq: 2n ** 49n - 1n }],
  ['the smallest tag', { tag: 1n, previousTag: 1n }],
])('the event reader reads what the relay writes for pings since 1970: %s', (_, more) => {
  const { id, ...counted } = { ...EVENT, ...more }
  const value = encode({ id, ...counted })
  expect(new EventReader().read(value, 0, value.length)).toEqual(counted)
})

test.each<[string, Buffer]>([
  ['nothing', Buffer.alloc(0)],
  ['a PingRequest', encode({ ...EVENT, seq: 0n, tag: 0n, lane: 0 })],
  ['no tag', encode({ ...EVENT, tag: 0n })],
  ['a seq above 2^49', encode({ ...EVENT, seq: 2n ** 49n })],
  ['a time before 1970', encode({ ...EVENT, timestampMs: -1n })],
  ['an id that is not ASCII', encode({ ...EVENT, id: 'é' })],
  ['a further field', Buffer.concat([encode(EVENT), Buffer.from([0x38, 0x01])])],
])('the event reader leaves to protobuf-es: %s', (_, value) => {
  expect(new EventReader().read(value, 0, value.length)).toBeUndefined()
})
