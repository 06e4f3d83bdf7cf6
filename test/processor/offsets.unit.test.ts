import { expect, test } from 'vitest'
import { PartitionOffsets } from '../../processor/offsets.ts'

test('nothing was read: nothing to commit', () => {
  expect(new PartitionOffsets().toCommit()).toBeUndefined()
})

test('up to the first record that is not done may be committed', () => {
  const offsets = new PartitionOffsets()
  const [a, b, c] = [4, 5, 7].map(offset => offsets.open(offset))
  expect(offsets.toCommit()).toBe(4)
  c!.done = true
  expect(offsets.toCommit()).toBe(4)
  a!.done = true
  expect(offsets.toCommit()).toBe(5)
  b!.done = true
  expect(offsets.toCommit()).toBe(8) // the next to read
})

test('a record with nothing to do is passed, but never past one that is open', () => {
  const offsets = new PartitionOffsets()
  offsets.pass(3)
  expect(offsets.toCommit()).toBe(4)
  const open = offsets.open(4)
  offsets.pass(5)
  expect(offsets.toCommit()).toBe(4)
  open.done = true
  expect(offsets.toCommit()).toBe(6)
})

test('the same offset is not committed twice', () => {
  const offsets = new PartitionOffsets()
  offsets.open(0).done = true
  offsets.committed(offsets.toCommit()!)
  expect(offsets.toCommit()).toBeUndefined()
  offsets.pass(1)
  expect(offsets.toCommit()).toBe(2)
})

test('thousands of records are let go as they are done', () => {
  const offsets = new PartitionOffsets()
  const records = Array.from({ length: 5_000 }, (_, offset) => offsets.open(offset))
  for (const record of records.slice(0, 4_321)) record.done = true
  expect(offsets.toCommit()).toBe(4_321)
  for (const record of records) record.done = true
  expect(offsets.toCommit()).toBe(5_000)
})
