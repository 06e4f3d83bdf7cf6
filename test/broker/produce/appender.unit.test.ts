import { expect, test } from 'vitest'
import { memoryFolder } from '../../../broker/log/memory-folder.ts'
import type { PartitionLog } from '../../../broker/log/partition-log.ts'
import { Appender } from '../../../broker/produce/appender.ts'
import { seededRandom } from '../../support/random.ts'
import { batchOf, logOn } from '../log/log-fixture.ts'
import { UnreliableFolder } from '../log/unreliable-folder.ts'

function appender(): { appender: Appender; readable: [PartitionLog, number][] } {
  const readable: [PartitionLog, number][] = []
  return { appender: new Appender((log, bytes) => readable.push([log, bytes])), readable }
}

const producer = { id: 1, epoch: 0, sequence: 0 }

test('without flushing, records are announced at once and there is nothing to wait for', () => {
  const { appender: one, readable } = appender()
  const { log } = logOn(memoryFolder())
  const batch = batchOf()
  one.append(log, batch)
  expect(one.flushed(log)).toBeUndefined()
  expect(readable).toEqual([[log, batch.length]])
})

test('records appended in one turn of the event loop are flushed together, and then announced', async () => {
  const { appender: one, readable } = appender()
  const { log } = logOn(memoryFolder(), { flushEachAppend: true })
  const batch = batchOf()
  one.append(log, Buffer.from(batch))
  one.append(log, Buffer.from(batch))
  const flushed = one.flushed(log)
  expect([readable, log.highWatermark]).toEqual([[], 0n])
  await flushed
  expect(readable).toEqual([[log, 2 * batch.length]])
  expect(log.highWatermark).toBe(2n)
})

test('a duplicate waits until its original is flushed', async () => {
  const { appender: one } = appender()
  const { log } = logOn(memoryFolder(), { flushEachAppend: true })
  log.append(batchOf({ producer })) // by a request whose flush has failed
  expect(one.append(log, batchOf({ producer })).isDuplicate).toBe(true)
  await one.flushed(log)
  expect(log.highWatermark).toBe(1n)
  one.append(log, batchOf({ producer }))
  expect(one.flushed(log)).toBeUndefined()
})

test('a log that cannot be flushed does not prevent others from being flushed', async () => {
  const { appender: one, readable } = appender()
  const folder = new UnreliableFolder(seededRandom(1))
  const [failing, other] = [logOn(folder, { flushEachAppend: true }).log, logOn(memoryFolder(), { flushEachAppend: true }).log]
  const batch = batchOf()
  one.append(failing, Buffer.from(batch))
  one.append(other, Buffer.from(batch))
  folder.trouble = { fails: operation => (operation === 'sync' ? new Error('EIO') : undefined) }
  const flushed = [one.flushed(failing), one.flushed(other)]
  await expect(flushed[0]).rejects.toThrow('EIO')
  await flushed[1]
  expect([failing.highWatermark, other.highWatermark]).toEqual([0n, 1n])
  expect(readable).toEqual([[other, batch.length]])
})
