import type { Kafka, Message } from 'kafkajs'
import { expect, test } from 'vitest'
import { ProbeSender } from '../../../src/cli/rtt/probe-sender.ts'

/** A producer that reads a value as kafkajs does: at once, to check it, and again when it builds the request after `ready`. */
function slowKafka(ready: () => Promise<void>) {
  const [written, tries]: [string[], number[]] = [[], []]
  const send = async ({ messages: [message] }: { readonly messages: readonly Message[] }): Promise<void> => {
    tries.push(performance.now())
    if (message?.value === undefined) return
    await ready()
    written.push(String(message.value))
  }
  const producer = { connect: async () => undefined, disconnect: async () => undefined, send }
  return { written, tries, kafka: { producer: () => producer } as unknown as Kafka }
}

const record = { topic: 'ping', partition: 0, key: 'key', value: 'value', headers: {} }
const options = { acks: -1, topic: 'ping', retryMs: 20, trouble: () => 'connect ECONNREFUSED' } as const

test('a probe that kafkajs has not built a request for in time is refused, and is never written', async () => {
  const connected = Promise.withResolvers<void>()
  const { kafka, written } = slowKafka(() => connected.promise)
  const sender = new ProbeSender({ kafka, ...options })
  expect(await sender.send(record)).toEqual({ kind: 'refused', reason: 'connect ECONNREFUSED' })
  connected.resolve()
  await new Promise(setImmediate)
  expect(written).toEqual([])
})

test('a probe that no broker takes is tried again until time is up, and then no more', async () => {
  const { kafka, tries } = slowKafka(async () => Promise.reject(new Error('Not connected')))
  const sender = new ProbeSender({ kafka, ...options, retryMs: 200 })
  expect(await sender.send(record)).toMatchObject({ kind: 'refused' })
  const triesThen = tries.length
  expect(triesThen).toBeGreaterThan(1)
  const other = slowKafka(async () => Promise.reject(new Error('Not connected')))
  await new ProbeSender({ kafka: other.kafka, ...options, retryMs: 200 }).send(record) // as long as the first one
  expect(other.tries.length).toBeGreaterThan(1)
  expect(tries.length).toBeLessThanOrEqual(triesThen + 1) // the one that its last pause ends with, which reads no value
})
