import { once } from 'node:events'
import { connect } from 'node:http2'
import { createConnection, type Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { createAccessCheck } from '../../src/transport/access/access-check.ts'
import { parseTokens } from '../../src/transport/access/tokens.ts'
import { tokenLine } from '../server/callers-fixture.ts'
import { HTTP_VERSIONS, read, serveStream, type Reader, type StreamFixture } from './event-stream-fixture.ts'

const POLL = { timeout: 20_000 }
/** More than the buffers of a connection keep. */
const BIG = 'x'.repeat(4_000_000)

/** A reader whose request has arrived before its time limit: on a machine that stops for a while, the first ones may not. */
async function inTime(connectReader: () => Promise<Reader>): Promise<Reader> {
  for (let tries = 1; ; tries++) {
    const reader = await connectReader().catch((error: unknown) => error)
    if (!(reader instanceof Error) && (reader as Reader).status !== 408) return reader as Reader
    if (tries === 5) throw reader
  }
}

/** A reader over HTTP/1.1 that stops reading after the headers. */
async function stalledReader({ port, source, readers }: StreamFixture): Promise<Socket> {
  const socket = createConnection(port, '127.0.0.1').on('error', () => undefined)
  socket.write('GET /events HTTP/1.1\r\nhost: a\r\n\r\n')
  await once(socket, 'data')
  expect(readers()).toBe(1)
  socket.pause()
  source.push('big 1', BIG)
  await expect.poll(() => source.asked, POLL).toBe(1)
  return socket
}

describe.each(HTTP_VERSIONS)('a stream of events over %s', version => {
  test('gives the newest event at once, then each change, with headers that keep proxies from waiting', async () => {
    await using fixture = await serveStream()
    fixture.source.push('1')
    fixture.source.push('2', 'two\nlines')
    using reader = await read(`${fixture.url}/events`, version)
    await expect.poll(reader.ids, POLL).toEqual(['2'])
    fixture.source.push('3')
    await expect.poll(reader.ids, POLL).toEqual(['2', '3'])
    expect(reader.text()).toBe('retry: 2000\n\nid: 2\nevent: state\ndata: two\ndata: lines\n\nid: 3\nevent: state\ndata: 3\n\n')
    expect(reader.status).toBe(200)
    expect(reader.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
  })

  test('gives a reader that comes back nothing until there is something newer', async () => {
    await using fixture = await serveStream()
    fixture.source.push('7')
    using current = await read(`${fixture.url}/events`, version, { 'last-event-id': '7' })
    using older = await read(`${fixture.url}/events`, version, { 'last-event-id': '6' })
    await expect.poll(older.ids, POLL).toEqual(['7'])
    await expect.poll(() => fixture.source.asked, POLL).toBe(2)
    fixture.source.push('8')
    await expect.poll(current.ids, POLL).toEqual(['8'])
  })

  test('sends a comment to a reader without events, which stays connected longer than a slow request may take', async () => {
    await using fixture = await serveStream({ heartbeatMs: 100, limits: { headersMs: 300, requestMs: 300, checkMs: 50 } })
    using reader = await inTime(() => read(`${fixture.url}/events`, version))
    await expect.poll(() => reader.text().split(':\n\n').length, POLL).toBeGreaterThan(8)
    expect(reader.hasEnded()).toBe(false)
  })

  test('frees the place of a reader that leaves, and counts those in flight', async () => {
    await using fixture = await serveStream()
    const reader = await read(`${fixture.url}/events`, version)
    expect([fixture.readers(), fixture.http.inFlight()]).toEqual([1, 1])
    reader[Symbol.dispose]()
    await expect.poll(() => [fixture.readers(), fixture.http.inFlight()], POLL).toEqual([0, 0])
  })

  test('refuses readers above the limit with 503, and takes one again when another has left', async () => {
    await using fixture = await serveStream({ maxReaders: 2 })
    using first = await read(`${fixture.url}/events`, version)
    using second = await read(`${fixture.url}/events`, version)
    const refused = await read(`${fixture.url}/events`, version)
    await expect.poll(refused.text, POLL).toBe('open streams of /events: got 3, expected at most 2\n')
    expect([refused.status, refused.headers['retry-after'], fixture.refused()]).toEqual([503, '30', 1])
    expect([first.status, second.status, fixture.readers()]).toEqual([200, 200, 2])
    first[Symbol.dispose]()
    await expect.poll(fixture.readers, POLL).toBe(1)
    using next = await read(`${fixture.url}/events`, version)
    expect(next.status).toBe(200)
  })

  test('ends when a drain begins, before its time limit, and cuts off no reader', async () => {
    const fixture = await serveStream()
    fixture.source.push('1')
    using reader = await read(`${fixture.url}/events`, version)
    await expect.poll(reader.ids, POLL).toEqual(['1'])
    const cutOff = await fixture.http.stop(10_000)
    await expect.poll(reader.hasEnded, POLL).toBe(true)
    expect([cutOff, fixture.readers()]).toEqual([0, 0])
  })

  test('ends, and is logged once, if its events fail; the reader is not told why', async () => {
    await using fixture = await serveStream()
    using reader = await read(`${fixture.url}/events`, version)
    fixture.source.fail(new Error('secret'))
    await expect.poll(reader.hasEnded, POLL).toBe(true)
    expect(fixture.logged).toMatchObject([{ msg: 'event stream failed', path: '/events', err: { message: 'secret' } }])
    expect(reader.text()).toBe('retry: 2000\n\n')
    expect(fixture.readers()).toBe(0)
  })
})

describe('a stream of events', () => {
  test('answers HEAD with its headers only, and other methods with 405', async () => {
    await using fixture = await serveStream()
    const head = await fetch(`${fixture.url}/events`, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-type'), await head.text()]).toEqual([200, 'text/event-stream', ''])
    const post = await fetch(`${fixture.url}/events`, { method: 'POST' })
    expect([post.status, post.headers.get('allow'), await post.text()]).toEqual([405, 'GET, HEAD', 'method: got POST, expected GET\n'])
    expect(fixture.readers()).toBe(0)
  })

  test('refuses a caller without the role, before it takes a place', async () => {
    const tokens = parseTokens('TOKENS_FILE', tokenLine('writer', 'ping-token', 'ping'), ['ping', 'read'])
    const roles = { realm: 'test', names: ['ping', 'read'], roleOf: () => 'read' }
    const access = createAccessCheck({ tokens: () => tokens, clientCertificates: false, roles })
    await using fixture = await serveStream({ access })
    const answers = await Promise.all([
      fetch(`${fixture.url}/events`),
      fetch(`${fixture.url}/events`, { headers: { authorization: 'Bearer ping-token' } }),
    ])
    expect(answers.map(({ status }) => status)).toEqual([401, 403])
    expect(fixture.readers()).toBe(0)
  })

  test('gives a slow reader the newest event and not those in between', async () => {
    await using fixture = await serveStream()
    const socket = await stalledReader(fixture)
    for (let id = 2; id <= 100; id++) fixture.source.push(`big ${id}`, BIG)
    using other = await read(`${fixture.url}/events`)
    await expect.poll(other.ids, POLL).toEqual(['big 100'])
    expect(fixture.source.asked).toBe(2)
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1'))).resume()
    await expect.poll(() => [...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => id), POLL).toEqual(['big 1', 'big 100'])
    socket.destroy()
  })

  test('disconnects a reader that takes nothing for too long', async () => {
    await using fixture = await serveStream({ heartbeatMs: 50, stalledMs: 300 })
    const socket = await stalledReader(fixture)
    await expect.poll(fixture.readers, POLL).toBe(0)
    socket.destroy()
  })

  test('that a reader does not take holds up no stop', async () => {
    const fixture = await serveStream()
    const socket = await stalledReader(fixture)
    const startedAt = performance.now()
    expect(await fixture.http.stop(30_000)).toBe(0)
    expect(performance.now() - startedAt).toBeLessThan(15_000)
    socket.destroy()
  })

  test('stalls only itself when one of several on a connection takes nothing', async () => {
    await using fixture = await serveStream()
    const session = connect(fixture.url)
    const stalled = session.request({ ':path': '/events' })
    await once(stalled, 'response')
    fixture.source.push('big', BIG)
    await expect.poll(() => fixture.source.asked, POLL).toBe(1)
    const other = session.request({ ':path': '/none' }).resume()
    const [headers] = await once(other, 'response')
    expect(headers[':status']).toBe(404)
    session.destroy()
  })
})
