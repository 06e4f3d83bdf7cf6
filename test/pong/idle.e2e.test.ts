import { expect, test } from 'vitest'
import { keepLogsOnFailure, until } from '../support/programs.ts'
import type { FrameHooks } from '../support/tcp-proxy.ts'
import { createPlace } from './pong-fixture.ts'
import { startWatchedBroker } from './watched-broker.ts'

keepLogsOnFailure()

const FETCH = 1
/** How many fetches of a server are looked at. */
const FETCHES = 4
/** How much earlier than asked a timer may end. */
const CLOCK_MS = 5

interface Fetch {
  readonly maxWaitMs: number
  readonly askedMs: number
  answeredMs?: number
}

test('a server with nothing to answer waits for Kafka instead of asking again and again', async ({ onTestFinished }) => {
  const fetches: Fetch[] = []
  const open = new Map<string, Fetch>()
  const hooks: FrameHooks = {
    request: (frame, { remotePort }) => {
      const fetch = readFetch(frame)
      if (fetch) open.set(`${remotePort} ${frame.readInt32BE(8)}`, fetch)
      if (fetch) fetches.push(fetch)
      return frame
    },
    response: (frame, { remotePort }) => {
      const fetch = open.get(`${remotePort} ${frame.readInt32BE(4)}`)
      if (fetch) fetch.answeredMs = performance.now()
      return frame
    },
  }
  const place = await createPlace(await startWatchedBroker(hooks, onTestFinished), { onEnd: onTestFinished })
  const [client, server] = await Promise.all([place.client(), place.server('a')])
  await client.roundTrip()
  await until('both consumers have read the ping', async () => (await server.metric('pong_records_total')) >= 2, 30_000)
  const before = fetches.length
  const answered = () => fetches.slice(before).filter(({ answeredMs }) => answeredMs !== undefined)
  await until('fetches', () => answered().length >= FETCHES, 60_000)
  expect(answered().map(({ maxWaitMs, askedMs, answeredMs }) => answeredMs! - askedMs > maxWaitMs - CLOCK_MS)).toEqual(
    Array(answered().length).fill(true),
  )
  expect(Math.min(...answered().map(({ maxWaitMs }) => maxWaitMs))).toBeGreaterThanOrEqual(500)
})

/** A request of version 4 or higher: size, api key, version, correlation id, client id, replica, how long to wait. */
function readFetch(frame: Buffer): Fetch | undefined {
  if (frame.readInt16BE(4) !== FETCH) return undefined
  const at = 14 + frame.readInt16BE(12)
  if (String(frame.subarray(14, at)) !== 'ping-pong') return undefined
  return { maxWaitMs: frame.readInt32BE(at + 4), askedMs: performance.now() }
}
