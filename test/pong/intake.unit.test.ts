import type { KafkaMessage } from 'kafkajs'
import { expect, test } from 'vitest'
import type { Answerer, OpenPing } from '../../pong/answerer.ts'
import type { Burials } from '../../pong/burials.ts'
import { Intake } from '../../pong/intake.ts'
import { encode } from '../../pong/messages/encode.ts'
import { Room } from '../../pong/room.ts'
import { PartitionOffsets } from '../../src/kafka/offsets.ts'
import type { BatchControl, PartitionStart } from '../../src/kafka/record-consumer-options.ts'

const CORRELATION_ID = '3f0c1f2e-5b7a-4c1d-9e8f-001122334455'

/** A server with this many places for records, and what it took. */
function createServer(places: number) {
  const taken: OpenPing[] = []
  let waiting: PromiseWithResolvers<void> | undefined
  const sessions = {
    get isFull() {
      return taken.length >= places
    },
    untilRoom: () => (waiting ??= Promise.withResolvers<void>()).promise,
  }
  const intake = new Intake({
    share: 'shared',
    name: 'a',
    answerer: { take: (ping: OpenPing) => void taken.push(ping) } as unknown as Answerer,
    burials: {} as unknown as Burials,
    room: new Room(sessions, 1_000_000),
    metrics: { received: () => undefined },
    nowMs: () => 0,
  })
  const makeRoom = (count: number) => {
    places += count
    waiting?.resolve()
    waiting = undefined
  }
  return { intake, taken, makeRoom, isWaiting: () => waiting !== undefined }
}

const control: BatchControl = {
  isOver: false,
  taken: () => undefined,
  heartbeat: async () => undefined,
  waitFor: async event => void (await event),
  startAgain: () => undefined,
}

const pingAt = (offset: number): KafkaMessage => ({
  key: null,
  value: Buffer.from(encode({ type: 'ping', seq: 1, to: 'one', attempt: 1, padding: '' })),
  headers: { 'correlation-id': CORRELATION_ID, 'reply-to': 'pong/0' },
  offset: String(offset),
  timestamp: '0',
  attributes: 0,
})

const batchOf = (offsets: PartitionOffsets, start: PartitionStart, ...at: readonly number[]) => ({
  topic: 'ping',
  partition: 0,
  messages: at.map(pingAt),
  offsets,
  start,
})

const NEW = { end: 0, wasCommitted: false }

test('at the maximum of sessions a partition waits, and each of its pings is taken in the end', async () => {
  const { intake, taken, makeRoom, isWaiting } = createServer(2)
  const all = intake.take(batchOf(new PartitionOffsets(), NEW, 0, 1, 2), control)
  await Promise.resolve()
  expect([taken.length, isWaiting()]).toEqual([2, true])
  makeRoom(1)
  await all
  expect(taken).toHaveLength(3)
})

test('a ping that is read again in the same assignment is marked, even if its offset is new to the group', async () => {
  const { intake, taken } = createServer(10)
  const offsets = new PartitionOffsets()
  await intake.take(batchOf(offsets, NEW, 0, 1), control)
  await intake.take(batchOf(offsets, NEW, 0, 1, 2), control) // as after an offset that is out of range
  expect(taken.map(({ mayRepeat }) => mayRepeat)).toEqual([false, false, true, true, false])
})
