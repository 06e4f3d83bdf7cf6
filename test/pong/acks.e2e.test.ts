import { expect, test } from 'vitest'
import { keepLogsOnFailure } from '../support/programs.ts'
import type { FrameHooks } from '../support/tcp-proxy.ts'
import { createPlace } from './pong-fixture.ts'
import { startWatchedBroker } from './watched-broker.ts'

keepLogsOnFailure()

const PRODUCE = 0
const ALL = -1

test('a pong server asks that all in-sync replicas have its replies and its dead letters', async ({ onTestFinished }) => {
  const seen: ProduceRequest[] = []
  const hooks: FrameHooks = {
    request: frame => {
      if (frame.readInt16BE(4) === PRODUCE) seen.push(readProduce(frame))
      return frame
    },
  }
  const place = await createPlace(await startWatchedBroker(hooks, onTestFinished), { partitions: 1, onEnd: onTestFinished })
  const [client] = await Promise.all([place.client(), place.server('a')])
  const { envelope } = await client.roundTrip()
  await client.write('no JSON', envelope)
  /** Of all its requests: one may be sent again. */
  const ofServer = (topic: string) => [
    ...new Set(seen.filter(each => each.clientId === 'ping-pong' && each.rest.includes(topic)).map(({ acks }) => acks)),
  ]
  await expect.poll(() => ofServer(`${place.topics.request}.dead-letter`)).toEqual([ALL])
  expect(ofServer(place.topics.reply)).toEqual([ALL])
})

interface ProduceRequest {
  readonly clientId: string
  readonly acks: number
  /** What follows: the topics and their records. */
  readonly rest: Buffer
}

/** A request of version 3 to 8, as kafkajs sends it: size, api key, version, correlation id, client id, transactional id, acks. */
function readProduce(frame: Buffer): ProduceRequest {
  expect(frame.readInt16BE(6)).toBeOneOf([3, 4, 5, 6, 7, 8])
  const clientEnd = 14 + frame.readInt16BE(12)
  const acksAt = clientEnd + 2 + Math.max(0, frame.readInt16BE(clientEnd))
  return { clientId: String(frame.subarray(14, clientEnd)), acks: frame.readInt16BE(acksAt), rest: Buffer.from(frame.subarray(acksAt + 2)) }
}
