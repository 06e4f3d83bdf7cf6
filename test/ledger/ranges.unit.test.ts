import { describe, expect, test } from 'vitest'
import { splitRange } from '../../src/ledger/ranges.ts'

describe('a range', () => {
  test.each<[string, [bigint, bigint], readonly bigint[]]>([
    ['of whole minutes', [60_000n, 180_000n], [1n, 3n, 60_000n, 60_000n, 180_000n, 180_000n]],
    ['with both edges', [59_999n, 180_001n], [1n, 3n, 59_999n, 60_000n, 180_000n, 180_001n]],
    ['within a minute', [60_001n, 60_002n], [0n, 0n, 60_001n, 60_002n, 0n, 0n]],
    ['over a minute’s end without a whole one', [1n, 60_001n], [0n, 0n, 1n, 60_001n, 0n, 0n]],
    ['before 1970', [-60_001n, 0n], [-1n, 0n, -60_001n, -60_000n, 0n, 0n]],
    ['without an instant', [5n, 5n], [0n, 0n, 5n, 5n, 0n, 0n]],
  ])('%s is split into whole minutes and edges', (_, bounds, parts) => {
    expect(splitRange(...bounds)).toEqual(parts)
  })

  test('over all int64 values stays within int64', () => {
    const parts = splitRange(-(2n ** 63n), 2n ** 63n - 1n)
    expect(parts.filter(part => BigInt.asIntN(64, part) !== part)).toEqual([])
    expect(parts[3]! - parts[2]!).toBeLessThan(60_000n)
    expect(parts[5]! - parts[4]!).toBeLessThan(60_000n)
  })
})
