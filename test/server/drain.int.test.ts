import { once } from 'node:events'
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { connect, type ClientHttp2Session } from 'node:http2'
import { createConnection } from 'node:net'
import { Code, ConnectError, createClient } from '@connectrpc/connect'
import { describe, expect, test } from 'vitest'
import { Health, HealthCheckResponse_ServingStatus as Status } from '../../src/gen/grpc/health/v1/health_pb.ts'
import { ServerReflection } from '../../src/gen/grpc/reflection/v1/reflection_pb.ts'
import { LOCALHOST } from '../../src/runtime/host-setting.ts'
import { PING_PATH, pingClient, PROTOCOLS, startHttpFixture, transports, type FixtureOptions, type HttpFixture } from './http-fixture.ts'

/** Beyond every limit of a test: what ends nevertheless did not wait for it. */
const NEVER_MS = 600_000
/** For what has to come within 250 ms: a machine that stands still for longer gets other tries. */
const IN_TIME = { retry: { count: 9, condition: /ECONNRESET|socket hang up|ERR_HTTP2|ECONNREFUSED/ } }

const postPing = (fixture: HttpFixture, agent: Agent): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const request = httpRequest({
      port: fixture.port,
      host: '127.0.0.1',
      path: PING_PATH,
      method: 'POST',
      agent,
      headers: { 'content-type': 'application/json' },
    })
    request.on('response', response => resolve(response.resume())).on('error', reject)
    request.end('{}')
  })

/** A port whose pings wait for `release`. */
async function startHeld(options: FixtureOptions = {}) {
  const gate = Promise.withResolvers<void>()
  const fixture = await startHttpFixture({ ...options, record: () => gate.promise })
  return { fixture, release: gate.resolve }
}

async function openSession(fixture: HttpFixture): Promise<ClientHttp2Session> {
  const session = connect(fixture.url)
  await once(session.request({ ':path': '/livez' }).resume(), 'close')
  return session
}

describe('a drain', () => {
  test.each(PROTOCOLS)('answers what was in flight over %s', async protocol => {
    const { fixture, release } = await startHeld()
    const ping = pingClient(fixture, protocol).ping({})
    await expect.poll(() => fixture.http.inFlight()).toBe(1)
    const stopped = fixture.http.stop(NEVER_MS)
    setTimeout(release, 400)
    await ping
    expect(await stopped).toBe(0)
  })

  test.each(PROTOCOLS)(
    'of a port on several addresses, over %s, answers those that came in by the last, and refuses new ones on all',
    async protocol => {
      const { fixture, release } = await startHeld({ hosts: LOCALHOST })
      const ping = pingClient({ url: `http://[::1]:${fixture.port}` }, protocol).ping({})
      await expect.poll(() => fixture.http.inFlight()).toBe(1)
      const stopped = fixture.http.stop(NEVER_MS)
      for (const host of LOCALHOST) {
        const [error] = await once(createConnection(fixture.port, host), 'error').catch(cause => [cause])
        expect(error).toMatchObject({ code: 'ECONNREFUSED' })
      }
      release()
      await ping
      expect(await stopped).toBe(0)
    },
  )

  test('answers requests that still arrive on open connections, with connection: close', IN_TIME, async () => {
    await using fixture = await startHttpFixture()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    expect((await postPing(fixture, agent)).headers.connection).toBe('keep-alive')
    const session = await openSession(fixture)
    const stopped = fixture.http.stop(NEVER_MS)
    const [last, [headers]] = await Promise.all([
      postPing(fixture, agent),
      once(session.request({ ':path': '/livez' }).resume(), 'response'),
    ])
    expect([last.statusCode, last.headers.connection]).toEqual([200, 'close'])
    expect(headers[':status']).toBe(200)
    expect(await stopped).toBe(0)
    agent.destroy()
  })

  test('closes the connection of a request that was in flight when the drain began', async () => {
    const { fixture, release } = await startHeld()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const answer = postPing(fixture, agent)
    await expect.poll(() => fixture.http.inFlight()).toBe(1)
    const stopped = fixture.http.stop(NEVER_MS)
    release()
    expect((await answer).headers.connection).toBe('close')
    await stopped
    agent.destroy()
  })

  test('sends GOAWAY to HTTP/2 callers', async () => {
    await using fixture = await startHttpFixture()
    const session = await openSession(fixture)
    const goaway = once(session, 'goaway')
    const stopped = fixture.http.stop(NEVER_MS)
    const [code, lastStream] = await goaway
    expect([code, lastStream]).toEqual([0, 2 ** 31 - 1])
    await stopped
    expect(session.destroyed || session.closed).toBe(true)
  })

  test('ends at once if no connection is open', async () => {
    const stopMs = async () => {
      const fixture = await startHttpFixture()
      const startedAt = performance.now()
      expect(await fixture.http.stop(NEVER_MS)).toBe(0)
      return performance.now() - startedAt
    }
    // Less than the 250 ms in which open connections may send requests. A busy machine gets further tries.
    await expect.poll(stopMs, { timeout: 50_000 }).toBeLessThan(200)
  })

  test('ends in time if idle connections stay open', async () => {
    const fixture = await startHttpFixture()
    const silent = createConnection(fixture.port, '127.0.0.1').on('error', () => undefined)
    await once(silent, 'connect')
    await openSession(fixture)
    await pingClient(fixture).ping({})
    expect(await fixture.http.stop(NEVER_MS)).toBe(0)
  })

  test('cuts off the requests that are not done within its time limit, and counts them', async () => {
    const { fixture } = await startHeld()
    const pings = PROTOCOLS.map(protocol =>
      pingClient(fixture, protocol)
        .ping({})
        .then(() => 'answered', ConnectError.from),
    )
    await expect.poll(() => fixture.http.inFlight()).toBe(PROTOCOLS.length)
    expect(await fixture.http.stop(400)).toBe(PROTOCOLS.length)
    for (const error of await Promise.all(pings))
      expect([Code.Unavailable, Code.Aborted, Code.Canceled, Code.Internal]).toContain((error as ConnectError).code)
  })

  test('ends streams that would stay open forever, health watches with NOT_SERVING', async () => {
    const fixture = await startHttpFixture()
    const transport = transports(fixture.url)['gRPC']!
    const seen: Status[] = []
    const watching = (async () => {
      for await (const { status } of createClient(Health, transport).watch({})) seen.push(status)
    })()
    const waiting = Promise.withResolvers<void>()
    const asking = (async () => {
      const questions = (async function* () {
        yield { messageRequest: { case: 'listServices' as const, value: '' } }
        await waiting.promise
      })()
      for await (const _ of createClient(ServerReflection, transport).serverReflectionInfo(questions)) seen.push(Status.UNKNOWN)
    })()
    await expect.poll(() => seen.length).toBe(2)
    expect(await fixture.http.stop(NEVER_MS)).toBe(0)
    waiting.resolve()
    await Promise.all([watching, asking])
    expect(seen.at(-1)).toBe(Status.NOT_SERVING)
  })

  test('loses no answer of an accepted ping under load', async () => {
    const fixture = await startHttpFixture({ record: () => new Promise(resolve => setTimeout(resolve, 5)) })
    const agent = new Agent({ keepAlive: true, maxSockets: 16 })
    let answered = 0
    let failed = 0
    const clients = Array.from({ length: 16 }, async () => {
      for (;;) {
        const sent = await postPing(fixture, agent).then(
          ({ statusCode }) => statusCode,
          () => undefined,
        )
        if (sent !== 200) return void failed++
        answered++
      }
    })
    await expect.poll(() => answered).toBeGreaterThan(200)
    expect(await fixture.http.stop(NEVER_MS)).toBe(0)
    await Promise.all(clients)
    expect(fixture.recorded).toHaveLength(answered)
    expect(failed).toBe(16)
    agent.destroy()
  })
})
