import { hostname } from 'node:os'
import { describe, expect, test } from 'vitest'
import { mayRepeat } from '../../pong/may-repeat.ts'
import { Notes } from '../../pong/notes.ts'
import { Room } from '../../pong/room.ts'
import { readPongSettings } from '../../pong/settings.ts'
import { ConsumerState, ReadinessWatch } from '../../pong/watch-readiness.ts'
import { Readiness } from '../../src/runtime/readiness.ts'

describe('the settings of a pong server', () => {
  test('have the name of the host as its name', () => {
    expect(readPongSettings({})).toMatchObject({ name: hostname(), groupId: 'pong', requestTopic: 'ping', replyTopic: 'pong', port: 8083 })
  })

  test.each([
    [{ PONG_NAME: 'all' }, /^PONG_NAME: got "all", expected up to 200 letters/],
    [{ PONG_REPLY_TOPIC: 'ping' }, 'PONG_REPLY_TOPIC: got "ping", expected another topic than PONG_REQUEST_TOPIC'],
    [{ PONG_MAX_SESSIONS: '0' }, 'PONG_MAX_SESSIONS: got "0", expected an integer from 1 to 1000000'],
  ])('are refused if they are wrong: %j', (env, message) => expect(() => readPongSettings(env)).toThrow(message))
})

test('a reply is marked if its ping may have been answered before', () => {
  const start = { end: 10, wasCommitted: true }
  expect(mayRepeat(9, 1, start)).toBe(true)
  expect(mayRepeat(10, 1, start)).toBe(false)
  expect(mayRepeat(9, 1, { end: 10, wasCommitted: false })).toBe(false)
  expect(mayRepeat(10, 2, start)).toBe(true)
})

test('a line that clients cause is written some times, then counted, and the count is written with the next one', () => {
  const lines: object[] = []
  let nowMs = 0
  const notes = new Notes({ warn: (details: object) => void lines.push(details) }, () => nowMs)
  for (let index = 0; index < 100; index++) notes.write('text', { index })
  expect(lines).toHaveLength(5)
  notes.write('other text', {})
  expect(lines).toHaveLength(6)
  nowMs = 10_000
  notes.write('text', { index: 100 })
  expect(lines[6]).toEqual({ index: 100, skipped: 95 })
})

test('records wait when those that are not done have too many bytes, until one is done', async () => {
  const room = new Room({ isFull: false, untilRoom: async () => undefined }, 3_000)
  const done = room.take({ key: null, value: Buffer.alloc(1_000) })
  expect(room.isFull).toBe(false)
  room.take({ key: null, value: null })
  expect(room.isFull).toBe(true)
  const untilRoom = room.untilRoom()
  done()
  await untilRoom
  expect(room.isFull).toBe(false)
})

test('a pong server is ready when all its consumers have positions, and as long as Kafka answers', () => {
  let nowMs = 0
  const states = [new ConsumerState(() => nowMs), new ConsumerState(() => nowMs)]
  const readiness = new Readiness()
  const watch = new ReadinessWatch(readiness, states)
  const reason = () => {
    watch.check()
    return readiness.reason
  }
  states[0]!.positioned()
  expect(reason()).toBe('not all partitions of the request topic have a position yet')
  states[1]!.positioned()
  expect(reason()).toBeUndefined()
  nowMs = 5_001
  states[0]!.answered()
  expect(reason()).toBe('Kafka has not answered for 5 s')
  states[1]!.answered()
  expect(reason()).toBeUndefined()
  states[1]!.released()
  expect(reason()).toMatch(/^not all partitions/)
})
