import { expect, test } from 'vitest'
import { Answerer, type OpenPing, type Reply } from '../../pong/answerer.ts'

const NO_METRICS = { answered() {}, refused() {}, confirmed() {}, missed() {}, overdue() {}, unexpected() {}, stray() {} }

/** A server with one place for a session, whose replies to `nowhere` are refused, and whose dead letters are written by `write`. */
function createAnswerer() {
  const [answered, done, unwritten]: [string[], string[], (() => void)[]] = [[], [], []]
  const send = ({ correlationId, replyTo }: Reply, then: (refused?: string) => void): void => {
    if (replyTo.topic === 'nowhere') return then('it does not exist')
    answered.push(correlationId)
    then()
  }
  const answerer = new Answerer({
    name: 'a',
    limitMs: 1_000,
    maxOpen: 1,
    maxSettled: 100_000,
    nowMs: () => 0,
    send,
    metrics: NO_METRICS,
    note: () => undefined,
  })
  const take = (correlationId: string, topic: string): void => {
    const ping: OpenPing = {
      correlationId,
      seq: 1,
      padding: '',
      replyTo: { topic, partition: 0 },
      handshake: false,
      mayRepeat: false,
      receivedMs: 0,
      done: () => void done.push(correlationId),
      bury: (_, then) => void unwritten.push(then),
    }
    answerer.take(ping)
  }
  const write = (): void => unwritten.splice(0).forEach(then => then())
  return { answerer, take, write, answered, done }
}

test('pings that cannot be answered take the places of no others while their dead letters are not written', () => {
  const { answerer, take, write, answered, done } = createAnswerer()
  for (let each = 0; each < 30_000; each++) {
    take(`unanswerable ${each}`, 'nowhere')
    expect(answerer.driver.isFull).toBe(false)
  }
  take('other', 'pong')
  expect([answered, done, answerer.driver.leavingSessions]).toEqual([['other'], ['other'], 30_000])
  write()
  expect([done.length, answerer.driver.leavingSessions]).toEqual([30_001, 0])
})
