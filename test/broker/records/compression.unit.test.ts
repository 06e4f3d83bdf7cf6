import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { ERROR, ProtocolError } from '../../../broker/errors.ts'
import { decompress } from '../../../broker/records/compression/decompress.ts'
import { atDepth } from '../../support/depth.ts'
import { content, fixture, fixtureNames, mutations } from './fixture.ts'

const NUMBERS = { gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const
const NAMES = Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]
const LIMIT = 1 << 20
const MUTATIONS = atDepth({ normally: 150, thoroughly: 700 })

function refusal(run: () => unknown): ProtocolError {
  try {
    run()
  } catch (error) {
    if (error instanceof ProtocolError && error.code === ERROR.CORRUPT_MESSAGE) return error
    throw error
  }
  throw new Error('was not refused')
}

const lz4Frame = (flags: number, blockByte: number, ...rest: number[]): Buffer =>
  Buffer.from([0x04, 0x22, 0x4d, 0x18, flags, blockByte, ...rest])

describe.each(NAMES)('%s', name => {
  const files = fixtureNames(`.${name}`)

  test.each(files)('decompresses %s', file => {
    expect(decompress(NUMBERS[name], fixture(file), LIMIT).equals(content())).toBe(true)
  })

  test.each(files)('decompresses %s with exactly the limit that it needs, and refuses it with a lower one', file => {
    const { length } = content()
    expect(decompress(NUMBERS[name], fixture(file), length)).toHaveLength(length)
    refusal(() => decompress(NUMBERS[name], fixture(file), length - 1))
  })

  test.each(files)('refuses %s truncated at any byte', file => {
    const bytes = fixture(file)
    for (let end = 0; end < bytes.length; end += 1 + (end >> 6)) {
      // A stream of snappy blocks has no end mark: truncated between two blocks it is valid and shorter.
      const cut = bytes.subarray(0, end)
      if (file === 'snappy-java-stream.snappy') tolerate(() => decompress(NUMBERS[name], cut, LIMIT))
      else refusal(() => decompress(NUMBERS[name], cut, LIMIT))
    }
  })

  test('refuses random bytes with CORRUPT_MESSAGE, within the limit', () => {
    for (const [index, file] of files.entries()) {
      for (const bytes of mutations(fixture(file), MUTATIONS, index + 1)) tolerate(() => decompress(NUMBERS[name], bytes, 200_000))
    }
  })
})

/** Expects a result within the fuzz limit, or the one allowed error. */
function tolerate(run: () => Buffer): void {
  let result: Buffer
  try {
    result = run()
  } catch (error) {
    if (error instanceof ProtocolError && error.code === ERROR.CORRUPT_MESSAGE) return
    throw error
  }
  expect(result.length).toBeLessThanOrEqual(200_000)
}

describe('the limit on decompressed bytes', () => {
  test.each([
    ['gzip', gzipSync(Buffer.alloc(50_000_000))],
    ['zstd', zstdCompressSync(Buffer.alloc(50_000_000))],
    ['snappy', Buffer.concat([Buffer.from([0x80, 0xe1, 0xeb, 0x17, 0x00, 0x61]), Buffer.from('fe0100'.repeat(800_000), 'hex')])],
    [
      'lz4',
      Buffer.concat([
        lz4Frame(0x40, 0x70, 0, 0xdc, 0xff, 0x03, 0x00),
        Buffer.from([0x1f, 0x61, 1, 0]),
        Buffer.alloc(0x3ffdc - 5, 0xff),
        Buffer.from([0]),
      ]),
    ],
  ] as const)('stops decompressing a %s bomb at the limit', (name, bomb) => {
    const before = process.memoryUsage().arrayBuffers
    expect(refusal(() => decompress(NUMBERS[name], bomb, 1000)).message).toContain('1000')
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000)
  })

  test('allocates nothing for a length that a snappy block only claims', () => {
    const claims = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x61])
    const before = process.memoryUsage().arrayBuffers
    refusal(() => decompress(NUMBERS.snappy, claims, 2 ** 32))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000)
  })
})

describe('snappy', () => {
  test.each([
    ['nothing', '00', ''],
    ['a literal', '0308616263', 'abc'],
    ['a literal with its length in one byte', '03f002616263', 'abc'],
    ['a literal with its length in four bytes', '03fc02000000616263', 'abc'],
    ['a copy with a distance of 11 bits', '0b086162631103', 'abcabcabcab'],
    ['a copy with a distance of 16 bits', '06086162630a0300', 'abcabc'],
    ['a copy with a distance of 32 bits', '06086162630b03000000', 'abcabc'],
  ])('decompresses %s', (_, hex, text) => {
    expect(decompress(NUMBERS.snappy, Buffer.from(hex, 'hex'), LIMIT).toString()).toBe(text)
  })

  test.each([
    ['no bytes at all', ''],
    ['a length without end', 'ffffffffffff'],
    ['a copy at the very start', '040d01'],
    ['a distance of 0', '07086162630100'],
    ['a distance before the start', '07086162630104'],
    ['more than declared', '0208616263'],
    ['less than declared', '0408616263'],
    ['a literal beyond the end', '05106162'],
    ['a stream whose block is longer than the rest', '82534e41505059000000000100000001' + '7fffffff00'],
  ])('refuses %s', (_, hex) => {
    refusal(() => decompress(NUMBERS.snappy, Buffer.from(hex, 'hex'), LIMIT))
  })

  test('does not let a block of a stream refer to the previous one', () => {
    const stream = Buffer.from('82534e41505059000000000100000001' + '00000005' + '0308616263' + '00000003' + '040103', 'hex')
    refusal(() => decompress(NUMBERS.snappy, stream, LIMIT))
  })

  test('decompresses two streams in a row', () => {
    const stream = fixture('snappy-java-stream.snappy')
    expect(decompress(NUMBERS.snappy, Buffer.concat([stream, stream]), LIMIT).equals(Buffer.concat([content(), content()]))).toBe(true)
  })
})

describe('lz4', () => {
  const end = [0, 0, 0, 0]

  test('decompresses a stored block', () => {
    expect(decompress(NUMBERS.lz4, lz4Frame(0x60, 0x40, 0, 3, 0, 0, 0x80, 0x61, 0x62, 0x63, ...end), LIMIT).toString()).toBe('abc')
  })

  test('decompresses two frames in a row', () => {
    const frame = fixture('lz4-tool-dependent-blocks.lz4')
    expect(decompress(NUMBERS.lz4, Buffer.concat([frame, frame]), LIMIT).equals(Buffer.concat([content(), content()]))).toBe(true)
  })

  const dependent = (flags: number): Buffer =>
    lz4Frame(flags, 0x40, 0, 4, 0, 0, 0x80, 0x61, 0x62, 0x63, 0x64, 5, 0, 0, 0, 0x00, 4, 0, 0x10, 0x21, ...end)

  test('lets a block refer to the previous one only if the frame allows it', () => {
    expect(decompress(NUMBERS.lz4, dependent(0x40), LIMIT).toString()).toBe('abcdabcd!')
    refusal(() => decompress(NUMBERS.lz4, dependent(0x60), LIMIT))
  })

  test.each([
    ['another magic', Buffer.from('00000000', 'hex')],
    ['another version', lz4Frame(0x80, 0x40, 0, ...end)],
    ['a dictionary', lz4Frame(0x61, 0x40, 1, 2, 3, 4, 0, ...end)],
    ['a block size that does not exist', lz4Frame(0x60, 0x30, 0, ...end)],
    ['a distance of 0', lz4Frame(0x60, 0x40, 0, 5, 0, 0, 0, 0x10, 0x61, 0, 0, 0, ...end)],
    ['a distance before the start', lz4Frame(0x60, 0x40, 0, 5, 0, 0, 0, 0x10, 0x61, 2, 0, 0, ...end)],
    ['a wrong content size', lz4Frame(0x68, 0x40, 4, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0x80, 0x61, 0x62, 0x63, ...end)],
    [
      'a stored block above the size of its frame',
      Buffer.concat([lz4Frame(0x60, 0x40, 0, 1, 0, 1, 0x80), Buffer.alloc(65_537), Buffer.from(end)]),
    ],
    ['bytes after its end that are no frame', lz4Frame(0x60, 0x40, 0, ...end, 1)],
  ])('refuses %s', (_, bytes) => {
    refusal(() => decompress(NUMBERS.lz4, bytes, LIMIT))
  })
})

test('uncompressed bytes are returned as they are, and unknown compressions are refused', () => {
  expect(decompress(0, Buffer.from('abc'), LIMIT).toString()).toBe('abc')
  for (const number of [5, 6, 7]) expect(refusal(() => decompress(number, Buffer.alloc(3), LIMIT)).message).toContain(String(number))
})
