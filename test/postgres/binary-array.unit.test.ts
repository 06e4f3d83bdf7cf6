import { expect, test } from 'vitest'
import { byteaArray, textArray, timeArray, uuidArray } from '../../src/postgres/binary-array.ts'

const hex = (array: Buffer) => array.toString('hex')

test('writes uuid[]: one dimension from 1, each element with its length', () => {
  expect(hex(uuidArray(['01234567-89ab-cdef-0123-456789abcdef', 'ffffffff-ffff-ffff-ffff-fffffffffff0']))).toBe(
    [
      '00000001',
      '00000000',
      '00000b86',
      '00000002',
      '00000001',
      '00000010',
      '0123456789abcdef0123456789abcdef',
      '00000010',
      'fffffffffffffffffffffffffffffff0',
    ].join(''),
  )
})

test('writes timestamptz[]: microseconds since 2000', () => {
  const elements = [0n, 946_684_800_001n].map(timeMs => hex(timeArray([timeMs])).slice(40))
  expect(elements).toEqual([`00000008${BigInt.asUintN(64, -946_684_800_000_000n).toString(16)}`, '0000000800000000000003e8'])
})

test('writes an empty array with zero dimensions', () => {
  expect([hex(uuidArray([])), hex(timeArray([]))]).toEqual(['000000000000000000000b86', '0000000000000000000004a0'])
})

test('writes text[] and bytea[]: each element with its length in bytes', () => {
  const [texts, bytes] = [hex(textArray(['ä', ''])), hex(byteaArray([Buffer.from([0, 255])]))]
  expect(texts).toBe(['00000001', '00000000', '00000019', '00000002', '00000001', '00000002', 'c3a4', '00000000'].join(''))
  expect(bytes).toBe(['00000001', '00000000', '00000011', '00000001', '00000001', '00000002', '00ff'].join(''))
})
