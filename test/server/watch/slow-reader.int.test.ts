import { createServer as createHttp1 } from 'node:http'
import { connect, createServer as createHttp2 } from 'node:http2'
import { duplexPair, type Duplex } from 'node:stream'
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { PingService } from '../../../src/gen/ping/v1/ping_pb.ts'
import type { HttpRequest, HttpResponse } from '../../../src/runtime/answer-page.ts'
import { wait } from '../../../src/runtime/wait.ts'
import type { Count } from '../../../src/server/count-reader/count.ts'
import { createServerMetrics } from '../../../src/server/metrics.ts'
import { createWatchCount } from '../../../src/server/ping-service/watch-count.ts'
import { TotalWatch } from '../../../src/server/watch/total-watch.ts'
import { createRpcTable } from '../../../src/transport/http/rpc-table.ts'
import { serveRpc } from '../../../src/transport/http/serve-rpc.ts'
import { measureCalls } from '../../../src/transport/rpc/measure-calls.ts'

const PATH = '/ping.v1.PingService/WatchCount'
const JSON_STREAM = 'application/connect+json'
/** An envelope with the message {}. */
const REQUEST = Buffer.from('\0\0\0\0\u0002{}')

/** WatchCount of a total that grows at every look, about a thousand times a second, and how many totals each stream took. */
function createGrowing() {
  const seen = { total: 0, taken: 0 }
  const total = async (): Promise<Count> => ({ count: BigInt(++seen.total), source: 'cache', ageMs: 0 })
  const totals = new TotalWatch({ reader: { answered: 0n, total }, intervalMs: 1 })
  const counted = {
    async *watch(ended: AbortSignal) {
      for await (const count of totals.watch(ended)) {
        seen.taken++
        yield count
      }
    },
  }
  const log = pino({ level: 'silent' })
  const watchCount = createWatchCount(counted, new AbortController().signal)
  const calls = measureCalls(createServerMetrics(), log)
  const rpcs = createRpcTable({
    routes: router => void router.rpc(PingService.method.watchCount, watchCount),
    shared: {},
    calls,
    lean: false,
  })
  const serve = (request: HttpRequest, response: HttpResponse) =>
    serveRpc(rpcs.get(PATH)!.handler, request, response, { log, access: undefined })
  return { seen, serve }
}

interface Reader {
  /** Everything that has arrived. */
  readonly text: () => string
  readonly stall: () => void
  readonly goOn: () => void
  readonly close: () => void
}

/** A caller over HTTP/1.1 whose connection holds little. */
function overHttp1(serve: ReturnType<typeof createGrowing>['serve']): Reader {
  const [client, server] = duplexPair({ highWaterMark: 4_096 })
  createHttp1(serve).emit('connection', server)
  const head = [`POST ${PATH} HTTP/1.1`, 'host: x', `content-type: ${JSON_STREAM}`, `content-length: ${REQUEST.length}`, '', '']
  client.write(Buffer.concat([Buffer.from(head.join('\r\n')), REQUEST]))
  return readerOf(client, () => client.destroy())
}

/** A caller over HTTP/2 whose window is small. */
function overHttp2(serve: ReturnType<typeof createGrowing>['serve']): Reader {
  const [client, server] = duplexPair()
  createHttp2(serve).emit('connection', server)
  const session = connect('http://x', { createConnection: () => client, settings: { initialWindowSize: 4_096 } })
  const stream = session.request({ ':method': 'POST', ':path': PATH, 'content-type': JSON_STREAM })
  stream.end(REQUEST)
  return readerOf(stream, () => session.destroy())
}

function readerOf(stream: Duplex, close: () => void): Reader {
  let text = ''
  stream.on('error', () => undefined)
  stream.on('data', chunk => (text += String(chunk)))
  return { text: () => text, stall: () => stream.pause(), goOn: () => stream.resume(), close }
}

const countsIn = (text: string): number[] => [...text.matchAll(/"pingCount":"(\d+)"/g)].map(([, count]) => Number(count))

describe.each([
  ['HTTP/1.1', overHttp1],
  ['HTTP/2', overHttp2],
])('a caller of WatchCount over %s that stops reading', (_, open) => {
  test('costs a bounded number of totals, and gets the newest once it reads again', { timeout: 240_000 }, async () => {
    const { seen, serve } = createGrowing()
    const reader = open(serve)
    await expect.poll(() => countsIn(reader.text()).length).toBeGreaterThan(3)
    reader.stall()
    const isStill = async (): Promise<boolean> => {
      const { total, taken } = seen
      await expect.poll(() => seen.total, { timeout: 40_000 }).toBeGreaterThan(total + 100)
      return seen.taken === taken
    }
    await expect.poll(isStill, { timeout: 90_000 }).toBe(true)
    const { taken, total } = seen
    // 64 KiB in Node's buffers, of about 70 bytes each, and what the connection itself holds.
    expect(taken).toBeLessThan(3_000)
    await expect.poll(() => seen.total, { timeout: 40_000 }).toBeGreaterThan(total + 200)
    expect(seen.taken).toBe(taken)
    reader.goOn()
    await expect.poll(() => countsIn(reader.text()).at(-1), { timeout: 40_000 }).toBeGreaterThan(total + 200)
    reader.close()
    const counts = countsIn(reader.text())
    const gap = Math.max(...counts.map((count, at) => count - (counts[at - 1] ?? count)))
    expect(gap).toBeGreaterThan(200)
    expect(counts).toEqual(counts.toSorted((a, b) => a - b))
    await wait(50)
  })
})
