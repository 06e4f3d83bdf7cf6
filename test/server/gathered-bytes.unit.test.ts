import { expect, test } from 'vitest'
import { GatheredBytes } from '../../src/transport/http/lean/gathered-bytes.ts'
import { seededRandom } from '../support/random.ts'

test('the pieces of a body, of any length, are joined in order', () => {
  const random = seededRandom(3)
  const gathered = new GatheredBytes()
  const pieces = Array.from({ length: 300 }, (_, number) => Buffer.alloc(random.next() < 0.1 ? 9_000 : random.between(0, 3), number))
  let length = 0
  for (const piece of pieces) expect(gathered.add(piece)).toBe((length += piece.length))
  expect(Buffer.from(gathered.bytes()).equals(Buffer.concat(pieces))).toBe(true)
})

test('two million pieces of one byte take little more memory than their bytes', () => {
  const held = (): number => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers
  const before = held()
  const gathered = new GatheredBytes()
  for (let byte = 0; byte < 2_000_000; byte++) gathered.add(Buffer.from([byte & 0xff]))
  expect(gathered.bytes()).toHaveLength(2_000_000)
  expect(held() - before).toBeLessThan(100_000_000)
})
