import { expect, test } from 'vitest'
import { crc32c } from '../../../broker/records/crc32c.ts'
import { seededRandom } from '../../support/random.ts'

/** One bit at a time, as in the definition. */
function slowly(bytes: Uint8Array): number {
  let crc = 0xffff_ffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return ~crc >>> 0
}

test.each([
  ['nothing', Buffer.alloc(0), 0],
  ['the nine digits', Buffer.from('123456789'), 0xe3069283],
  ['32 bytes of zeros', Buffer.alloc(32), 0x8a9136aa],
  ['32 bytes of ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
  ['32 ascending bytes', Buffer.from(Array.from({ length: 32 }, (_, byte) => byte)), 0x46dd794e],
  ['32 descending bytes', Buffer.from(Array.from({ length: 32 }, (_, byte) => 31 - byte)), 0x113fdb5c],
])('CRC-32C of %s is the published value', (_, bytes, expected) => {
  expect(crc32c(bytes, 0, bytes.length)).toBe(expected)
})

test('CRC-32C agrees with its definition for every length and alignment', () => {
  const random = seededRandom(1)
  const bytes = Buffer.from(Array.from({ length: 100 }, () => random.between(0, 256)))
  for (let from = 0; from < 20; from++) {
    for (let to = from; to <= bytes.length; to++) expect(crc32c(bytes, from, to)).toBe(slowly(bytes.subarray(from, to)))
  }
})

test('CRC-32C of bytes in pieces is that of the whole', () => {
  const bytes = Buffer.from('the quick brown fox jumps over the lazy dog, and again')
  const whole = crc32c(bytes, 0, bytes.length)
  for (let cut = 0; cut <= bytes.length; cut++) expect(crc32c(bytes, cut, bytes.length, crc32c(bytes, 0, cut))).toBe(whole)
})
