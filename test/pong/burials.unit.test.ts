import type { KafkaMessage } from 'kafkajs'
import { expect, test, vi } from 'vitest'
import { Burials } from '../../pong/burials.ts'
import { Notes } from '../../pong/notes.ts'
import type { DeadLetter } from '../../src/kafka/dead-letters.ts'

const message = (offset: number) => ({ offset: String(offset), key: null, value: Buffer.alloc(100) }) as unknown as KafkaMessage

function createBurials(put: (offset: number) => Promise<void>) {
  const lines: object[] = []
  const notes = new Notes({ warn: (details: object) => void lines.push(details) }, () => 0)
  const written: number[] = []
  const requests: number[] = []
  const deadLetters = {
    put: (_: number, { offset }: KafkaMessage) => put(Number(offset)),
    putAll: async (letters: readonly DeadLetter[]) => {
      requests.push(letters.length)
      await Promise.all(letters.map(({ message: { offset } }) => put(Number(offset))))
    },
    stop: async () => undefined,
  }
  const burials = new Burials(deadLetters, notes)
  const bury = (offset: number) => burials.bury(0, message(offset), 'reason', () => written.push(offset))
  return { burials, bury, written, lines, requests }
}

test('while dead letters cannot be written, thousands of them are some log lines and few attempts at a time; then each is written', async () => {
  let isDown = true
  let [atOnce, most] = [0, 0]
  const { bury, written, lines } = createBurials(async () => {
    most = Math.max(most, ++atOnce)
    await Promise.resolve()
    atOnce--
    if (isDown) throw new Error('no broker')
  })
  for (let offset = 0; offset < 5_000; offset++) bury(offset)
  await vi.waitUntil(() => lines.length === 10, { timeout: 20_000 })
  isDown = false
  await vi.waitUntil(() => written.length === 5_000, { timeout: 20_000 })
  expect(new Set(written).size).toBe(5_000)
  expect(most).toBe(500)
  expect(lines).toHaveLength(10)
})

test('dead letters that come together are written in few requests', async () => {
  const { bury, written, requests } = createBurials(async () => undefined)
  for (let offset = 0; offset < 1_000; offset++) bury(offset)
  await vi.waitUntil(() => written.length === 1_000, { timeout: 20_000 })
  expect(requests).toEqual([1, 500, 499])
})

test('a dead letter that is always refused holds up no other one', async () => {
  const { bury, written, burials } = createBurials(async offset => {
    if (offset === 0) throw new Error('refused')
  })
  for (let offset = 0; offset < 250; offset++) bury(offset)
  await vi.waitUntil(() => written.length === 249, { timeout: 20_000 })
  await burials.stop()
  expect(written).not.toContain(0)
})

test('at a stop each dead letter gets one more attempt, but those that wait do not if the topic takes none', async () => {
  let attempts = 0
  const { bury, burials, written } = createBurials(async () => {
    attempts++
    throw new Error('no broker')
  })
  for (let offset = 0; offset < 5_000; offset++) bury(offset)
  await burials.stop()
  expect(attempts).toBeLessThan(1_100)
  expect(written).toEqual([])
})
