import { describe, expect, test } from 'vitest'
import { ERROR, ProtocolError } from '../../../broker/errors.ts'
import * as header from '../../../broker/records/batch.ts'
import { decodeRecords, eachRecord, encodeBatch, type NewRecord } from '../../../broker/records/records.ts'
import { Writer } from '../../../broker/wire/writer.ts'
import { atDepth } from '../../support/depth.ts'
import { fixture, fixtureNames, mutations } from './fixture.ts'

const MUTATIONS = atDepth({ normally: 100, thoroughly: 400 })
const threeRecords = fixtureNames('.batch').filter(name => name.startsWith('kafka-clients-3-records'))
const manyRecords = fixtureNames('.batch').filter(name => name.includes('-150-records-'))

function refusal(run: () => unknown): ProtocolError {
  try {
    run()
  } catch (error) {
    if (error instanceof ProtocolError && error.code === ERROR.CORRUPT_MESSAGE) return error
    throw error
  }
  throw new Error('was not refused')
}

describe('batches written by other clients', () => {
  test('exist as fixtures in every compression', () => {
    expect(threeRecords).toHaveLength(5)
    expect(manyRecords).toHaveLength(8)
  })

  test.each(threeRecords)('%s: keys, values, headers, nulls, times and offsets are read', name => {
    const batch = fixture(name)
    batch.writeBigInt64BE(5_000_000_000n, 0)
    expect(decodeRecords(batch)).toEqual([
      {
        offset: 5_000_000_000n,
        timestamp: 1_700_000_000_000n,
        key: Buffer.from('key'),
        value: Buffer.from('Grüße, 世界'),
        headers: [
          { key: 'h', value: Buffer.from('v') },
          { key: 'none', value: null },
        ],
      },
      { offset: 5_000_000_001n, timestamp: 1_700_000_000_005n, key: null, value: Buffer.from('x'.repeat(3000)), headers: [] },
      { offset: 5_000_000_002n, timestamp: 1_699_999_999_999n, key: Buffer.from('k2'), value: null, headers: [] },
    ])
  })

  test.each(manyRecords)('%s: all its records are read', name => {
    const records = decodeRecords(fixture(name))
    expect(records.map(({ key, value }) => [key?.toString(), value?.toString()])).toEqual(
      Array.from({ length: 150 }, (_, index) => [String(index), `value ${index} `.repeat(60)]),
    )
  })

  test('have the log append time if the topic uses it', () => {
    const batch = fixture('kafka-clients-3-records-none.batch')
    header.setLogAppendTime(batch, 1_800_000_000_000n)
    expect(decodeRecords(batch).map(({ timestamp }) => timestamp)).toEqual([1_800_000_000_000n, 1_800_000_000_000n, 1_800_000_000_000n])
  })
})

describe('malformed batches', () => {
  test('are always refused with CORRUPT_MESSAGE', () => {
    for (const [index, name] of [...threeRecords, ...manyRecords].entries()) {
      for (const bytes of mutations(fixture(name), MUTATIONS, index + 1)) {
        try {
          decodeRecords(bytes, 1_000_000)
        } catch (error) {
          if (!(error instanceof ProtocolError) || error.code !== ERROR.CORRUPT_MESSAGE) throw error
        }
      }
    }
  })

  test('are refused if they decompress to more than the maximum', () => {
    expect(refusal(() => decodeRecords(fixture('librdkafka-150-records-lz4.batch'), 50_000)).message).toContain('50000')
  })

  test.each([
    ['bytes after the last record', (batch: Buffer) => Buffer.concat([batch, Buffer.alloc(7)])],
    ['a count that is too low', (batch: Buffer) => withCount(batch, 1, 1)],
    ['a count that is too high', (batch: Buffer) => withCount(batch, 3, 3)],
    ['a count that its bytes cannot hold', (batch: Buffer) => withCount(batch, 0x7fff_ffff, 0x7fff_ffff)],
    ['a negative count', (batch: Buffer) => withCount(batch, -1, 2)],
    ['an offset beyond its last', (batch: Buffer) => withCount(batch, 2, 1)],
    ['no header', (batch: Buffer) => batch.subarray(0, 60)],
  ])('%s', (_, spoil) => {
    const batch = encodeBatch([{ value: Buffer.from('one') }, { value: Buffer.from('two') }], { timestamp: 0n })
    expect(decodeRecords(batch)).toHaveLength(2)
    refusal(() => decodeRecords(spoil(batch)))
  })

  test.each([
    ['a repeated offset', [record(0, 0), record(0, 0)]],
    ['bytes after the end of a record', [record(0, 0, [0]), record(1, 0)]],
    ['a negative number of headers', [record(0, -1), record(1, 0)]],
    ['a negative length', [[1], record(1, 0)]],
  ])('%s', (_, bodies) => {
    refusal(() => decodeRecords(batchOf(bodies)))
    expect(decodeRecords(batchOf([record(0, 0), record(1, 0)]))).toHaveLength(2)
  })

  test('are refused if a record has too many headers', () => {
    const headers = Buffer.concat([uvarint(2 * 100_001), Buffer.alloc(200_002, Buffer.from([0, 1]))])
    expect(refusal(() => decodeRecords(batchOf([record(0, undefined, [...headers])]))).message).toContain('100001')
  })
})

function withCount(batch: Buffer, count: number, offsets: number): Buffer {
  const spoilt = Buffer.from(batch)
  spoilt.writeInt32BE(count, 57)
  spoilt.writeInt32BE(offsets - 1, 23)
  return spoilt
}

const uvarint = (value: number): Buffer => {
  const writer = new Writer()
  writer.uvarint(value)
  return writer.toBuffer()
}

/** A record without key and value, after its length; `headers` undefined: the number of headers is in `after`. */
function record(offsetDelta: number, headers: number | undefined, after: readonly number[] = []): number[] {
  const body = [0, 0, 2 * offsetDelta, 1, 1, ...(headers === undefined ? [] : [headers < 0 ? 1 : 2 * headers]), ...after]
  return [...uvarint(2 * body.length), ...body]
}

function batchOf(records: readonly (readonly number[])[]): Buffer {
  const body = Buffer.from(records.flat())
  return Buffer.concat([
    header.writeHeader({ baseTimestamp: 0n, maxTimestamp: 0n, recordCount: records.length, bodyBytes: body.length }),
    body,
  ])
}

describe('encoding a batch', () => {
  const records: NewRecord[] = [
    {
      key: Buffer.from('k'),
      value: Buffer.from('Grüße'),
      timestamp: 20n,
      headers: [
        { key: 'ключ', value: Buffer.alloc(0) },
        { key: '', value: null },
      ],
    },
    { value: null },
    { value: Buffer.alloc(100_000, 'x'), timestamp: 5n },
  ]

  test('creates a batch that a client may write and that decodes to the same records', () => {
    const batch = encodeBatch(records, { timestamp: 30n })
    expect(header.checkBatch(batch)).toEqual({ recordCount: 3 })
    expect(header.maxTimestamp(batch, 0)).toBe(30n)
    expect(decodeRecords(batch)).toEqual([
      {
        offset: 0n,
        timestamp: 20n,
        key: Buffer.from('k'),
        value: Buffer.from('Grüße'),
        headers: [
          { key: 'ключ', value: Buffer.alloc(0) },
          { key: '', value: null },
        ],
      },
      { offset: 1n, timestamp: 30n, key: null, value: null, headers: [] },
      { offset: 2n, timestamp: 5n, key: null, value: Buffer.alloc(100_000, 'x'), headers: [] },
    ])
  })

  test('creates the same bytes as the Java client', () => {
    const java = fixture('kafka-clients-3-records-none.batch')
    const ours = encodeBatch(decodeRecords(java), { timestamp: 0n })
    const body = (batch: Buffer): string => batch.subarray(header.HEADER_BYTES).toString('hex')
    expect(body(ours)).toBe(body(java))
    expect(ours.subarray(23, 43).toString('hex')).toBe(java.subarray(23, 43).toString('hex'))
  })
})

test('a search for one record reads no further than that record', () => {
  const batch = encodeBatch([{ value: Buffer.from('one') }, { value: Buffer.from('two') }], { timestamp: 0n })
  const cut = batch.subarray(0, -1)
  expect(eachRecord(cut).next().value?.value?.toString()).toBe('one')
  refusal(() => decodeRecords(cut))
})
