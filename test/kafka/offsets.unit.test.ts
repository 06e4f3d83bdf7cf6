import { expect, test } from 'vitest'
import { PartitionOffsets } from '../../src/kafka/offsets.ts'

test('before anything is read, there is no offset to commit', () => {
  expect(new PartitionOffsets().toCommit()).toBeUndefined()
})

test('the offset to commit is that of the first record that is not done', () => {
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

test('a record that needs nothing more moves the offset, but never beyond a record that is not done', () => {
  const offsets = new PartitionOffsets()
  offsets.pass(3)
  expect(offsets.toCommit()).toBe(4)
  const open = offsets.open(4)
  offsets.pass(5)
  expect(offsets.toCommit()).toBe(4)
  open.done = true
  expect(offsets.toCommit()).toBe(6)
})

test('no offset is committed twice', () => {
  const offsets = new PartitionOffsets()
  offsets.open(0).done = true
  offsets.committed(offsets.toCommit()!)
  expect(offsets.toCommit()).toBeUndefined()
  offsets.pass(1)
  expect(offsets.toCommit()).toBe(2)
})

test('thousands of records are forgotten once they are done', () => {
  const offsets = new PartitionOffsets()
  const records = Array.from({ length: 5_000 }, (_, offset) => offsets.open(offset))
  for (const record of records.slice(0, 4_321)) record.done = true
  expect(offsets.toCommit()).toBe(4_321)
  for (const record of records) record.done = true
  expect(offsets.toCommit()).toBe(5_000)
})
