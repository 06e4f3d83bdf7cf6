import { describe, expect, test } from 'vitest'
import { ERROR } from '../../../broker/errors.ts'
import * as header from '../../../broker/records/batch.ts'
import { crc32c } from '../../../broker/records/crc32c.ts'
import { encodeBatch } from '../../../broker/records/records.ts'
import { batchOf, refusal, sealed } from '../log/log-fixture.ts'

/** A header written by hand, byte by byte, with two unrelated bytes before it. */
const BY_HAND = Buffer.from(
  [
    'ffff',
    '0000000000000102',
    '00000040',
    '00000007',
    '02',
    'deadbeef',
    '003c',
    '00000003',
    '0000018000000001',
    '0000018000000002',
    '00000000000003e9',
    '0005',
    '0000000a',
    '00000004',
  ].join(''),
  'hex',
)

test('every field of a batch header is read from its place', () => {
  const fields = Object.fromEntries(
    (
      [
        'baseOffset',
        'length',
        'batchBytes',
        'magic',
        'crc',
        'attributes',
        'lastOffsetDelta',
        'baseTimestamp',
        'maxTimestamp',
        'producerId',
        'producerEpoch',
        'baseSequence',
        'recordCount',
        'compression',
        'isLogAppendTime',
        'isTransactional',
        'isControl',
        'lastOffset',
      ] as const
    ).map(name => [name, header[name](BY_HAND, 2)]),
  )
  expect(fields).toEqual({
    baseOffset: 0x102n,
    length: 64,
    batchBytes: 76,
    magic: 2,
    crc: 0xdeadbeef,
    attributes: 0x3c,
    lastOffsetDelta: 3,
    baseTimestamp: 0x18000000001n,
    maxTimestamp: 0x18000000002n,
    producerId: 1001n,
    producerEpoch: 5,
    baseSequence: 10,
    recordCount: 4,
    compression: 4,
    isLogAppendTime: true,
    isTransactional: true,
    isControl: true,
    lastOffset: 0x105n,
  })
})

test('setting the base offset changes nothing that the CRC covers', () => {
  const batch = batchOf()
  const covered = Buffer.from(batch.subarray(header.MAGIC_END_BYTES))
  header.setBaseOffset(batch, 2n ** 40n, 3)
  expect(header.baseOffset(batch, 0)).toBe(2n ** 40n)
  expect(batch.readInt32BE(12)).toBe(3)
  expect(batch.subarray(header.MAGIC_END_BYTES)).toEqual(covered)
})

test('setting the log append time updates the CRC', () => {
  const batch = batchOf()
  header.setLogAppendTime(batch, 77n)
  expect([header.isLogAppendTime(batch, 0), header.maxTimestamp(batch, 0)]).toEqual([true, 77n])
  expect(header.crc(batch, 0)).toBe(crc32c(batch, header.CRC_FROM, batch.length))
})

test('a run of batches is split into single ones', () => {
  const [one, two] = [batchOf({ values: ['a'] }), batchOf({ values: ['b', 'c'] })]
  expect([...header.batchesIn(Buffer.concat([one, two]))]).toEqual([one, two])
})

describe('the check of a produced batch', () => {
  /** Changes bytes, and updates the CRC unless it must be wrong. */
  const changed = (change: (batch: Buffer) => void, { withCrc = true } = {}): Buffer => {
    const batch = encodeBatch([{ value: Buffer.from('one') }, { value: Buffer.from('two') }], { timestamp: 1000n })
    change(batch)
    return withCrc ? header.setCrc(batch, crc32c(batch, header.CRC_FROM, batch.length)) : batch
  }

  test('accepts a valid one and counts its records', () => {
    expect(header.checkBatch(changed(() => {}))).toEqual({ recordCount: 2 })
  })

  test.each<[string, Buffer, number]>([
    ['no bytes', Buffer.alloc(0), ERROR.INVALID_RECORD],
    ['a batch cut in its header', changed(() => {}).subarray(0, 30), ERROR.INVALID_RECORD],
    ['a batch without its last byte', changed(() => {}).subarray(0, -1), ERROR.INVALID_RECORD],
    ['a byte after the batch', Buffer.concat([changed(() => {}), Buffer.alloc(1)]), ERROR.INVALID_RECORD],
    ['two batches', Buffer.concat([batchOf(), batchOf()]), ERROR.INVALID_RECORD],
    ['an older format', changed(batch => batch.writeInt8(1, 16)), ERROR.INVALID_RECORD],
    ['a format that does not exist', changed(batch => batch.writeInt8(3, 16)), ERROR.CORRUPT_MESSAGE],
    ['a negative length', changed(batch => batch.writeInt32BE(-1, 8)), ERROR.CORRUPT_MESSAGE],
    ['a length shorter than the header', changed(batch => batch.writeInt32BE(48, 8)), ERROR.CORRUPT_MESSAGE],
    ['the greatest length', changed(batch => batch.writeInt32BE(0x7fff_ffff, 8)), ERROR.INVALID_RECORD],
    ['a flipped bit in the records', changed(batch => void (batch[70]! ^= 4), { withCrc: false }), ERROR.CORRUPT_MESSAGE],
    ['a flipped bit in the attributes', changed(batch => void (batch[22]! ^= 0x40), { withCrc: false }), ERROR.CORRUPT_MESSAGE],
    ['a base offset', changed(batch => batch.writeBigInt64BE(1n, 0)), ERROR.INVALID_RECORD],
    ['no records', sealed({ body: Buffer.alloc(0), count: 0 }), ERROR.INVALID_RECORD],
    ['a negative number of records', sealed({ body: Buffer.alloc(0), count: -5 }), ERROR.INVALID_RECORD],
    ['more records than its bytes can hold', sealed({ body: Buffer.alloc(20), count: 3 }), ERROR.INVALID_RECORD],
    ['a last offset that is not that of its last record', changed(batch => batch.writeInt32BE(7, 23)), ERROR.INVALID_RECORD],
    ['a control batch', sealed({ body: Buffer.alloc(10), count: 1, attributes: 0x20 }), ERROR.INVALID_RECORD],
    ['a log append time set by the client', sealed({ body: Buffer.alloc(10), count: 1, attributes: 0x08 }), ERROR.INVALID_TIMESTAMP],
    ['an unknown compression', sealed({ body: Buffer.alloc(10), count: 1, attributes: 5 }), ERROR.UNSUPPORTED_COMPRESSION_TYPE],
    [
      'an idempotent batch without a sequence',
      sealed({ body: Buffer.alloc(10), count: 1, producer: { id: 1, epoch: 0, sequence: -1 } }),
      ERROR.INVALID_RECORD,
    ],
  ])('refuses %s', (_, bytes, code) => {
    expect(refusal(() => header.checkBatch(bytes)).code).toBe(code)
  })

  test('accepts compressed records without counting them', () => {
    expect(header.checkBatch(sealed({ body: Buffer.alloc(20), count: 5000, attributes: header.COMPRESSION.zstd }))).toEqual({
      recordCount: 5000,
    })
  })
})
