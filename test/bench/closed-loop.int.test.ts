import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { httpCallers } from '../../bench/load/caller.ts'
import { connectRequest } from '../../bench/load/http-connection.ts'
import { runClosedLoop } from '../../bench/load/run-closed-loop.ts'
import { LatencyHistogram } from '../../bench/measuring/statistics.ts'
import { againUntil } from '../support/again-until.ts'

let server: Server | undefined
const close = () => new Promise(resolve => server?.close(resolve) ?? resolve(undefined))
afterEach(close)

async function load(handler: RequestListener, connections: number) {
  server = createServer(handler)
  await new Promise<void>(resolve => server?.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const request = connectRequest('Ping', { timestampMs: '1' }).toString('latin1')
  const order = { port, request, connections, warmUpMs: 20, measureMs: 100 }
  return runClosedLoop(order, httpCallers(order))
}

test('the load generator counts every request that the server answered, and has no open request at the end', async () => {
  const countMeasured = async () => {
    let [served, bodies] = [0, '']
    const result = await load(async (request, response) => {
      for await (const chunk of request) bodies ||= String(chunk)
      served++
      response.end('{}')
    }, 8)
    await close()
    expect(result).toMatchObject({ answered: served, failed: 0 })
    expect(result.measured).toBeLessThan(served)
    expect(JSON.parse(bodies)).toEqual({ timestampMs: '1' })
    return result.measured
  }
  // On a busy machine, no answer may come within the measured time.
  expect(await againUntil(countMeasured, measured => measured > 0)).toBeGreaterThan(0)
})

test('the latencies include a slow answer that arrives after the measured time', async () => {
  const result = await load((_, response) => void setTimeout(() => response.end('{}'), 300), 1)
  expect(result).toMatchObject({ answered: 1, measured: 0 })
  expect(new LatencyHistogram(result.latencies).percentile(1)).toBeGreaterThan(290_000)
})

test('a status other than 200 and a broken connection are reported as failures', async () => {
  const refused = await load((_, response) => response.writeHead(503).end('away'), 2)
  expect(refused).toMatchObject({ answered: 0, measured: 0, firstFailure: expect.stringMatching(/^503:[^]*away/) })
  expect(refused.failed).toBeGreaterThan(1)
  await close()
  const broken = await load((_, response) => response.destroy(), 2)
  expect(broken).toMatchObject({ answered: 0, failed: 2 })
})
