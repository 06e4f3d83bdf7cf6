import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { encodeRecords, sizeOfRecord, type RecordContent } from '../../src/kafka/encode-records.ts'
import { seededRandom, type Random } from '../support/random.ts'

const require = createRequire(import.meta.url)
const encodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => { readonly buffer: Buffer }

const anyText = (random: Random): string =>
  random.pick(['', 'a', 'ü'.repeat(random.between(1, 90)), '😀é', 'a'.repeat(63), 'b'.repeat(64), 'c'.repeat(8_191), 'd'.repeat(8_192)])

const anyBytes = (random: Random): Buffer | string => (random.next() < 0.5 ? anyText(random) : Buffer.from(anyText(random)))

function anyRecord(random: Random): RecordContent {
  const headers = Array.from(
    { length: random.pick([0, 1, 3, 70]) },
    (_, index) => [`${anyText(random)}${index}`, anyBytes(random)] as const,
  )
  const key = random.pick([{}, { key: null }, { key: anyBytes(random) }])
  return { ...key, value: random.pick([null, anyBytes(random)]), ...(random.next() < 0.3 ? {} : { headers: Object.fromEntries(headers) }) }
}

test.each([1, 2, 3, 4, 5])(
  'records are encoded byte for byte as by kafkajs, and take at most the size that is reckoned for them (seed %i)',
  seed => {
    const random = seededRandom(seed)
    const records = Array.from({ length: 200 }, () => anyRecord(random))
    const { count, bytes } = encodeRecords(records)
    const expected = records.map(({ key = null, value, headers }, offsetDelta) => encodeRecord({ key, value, headers, offsetDelta }).buffer)
    expect(count).toBe(200)
    expect(bytes.equals(Buffer.concat(expected))).toBe(true)
    expect(records.filter((record, index) => sizeOfRecord(record) < expected[index]!.length)).toEqual([])
  },
)
