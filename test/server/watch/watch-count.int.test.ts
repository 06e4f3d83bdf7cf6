import { Code, ConnectError, type CallOptions } from '@connectrpc/connect'
import { describe, expect, test } from 'vitest'
import { CountSource } from '../../../src/gen/ping/v1/ping_pb.ts'
import { wait } from '../../../src/runtime/wait.ts'
import type { Count } from '../../../src/server/count-reader/count.ts'
import { UnavailableError } from '../../../src/transport/errors.ts'
import { can, grpcurlCommand } from '../../support/tiers.ts'
import { callCount } from '../call-count.ts'
import { buf, pingClient, PROTOCOLS, run, startHttpFixture, type FixtureOptions, type HttpFixture } from '../http-fixture.ts'

const STREAMING = PROTOCOLS.filter(name => name !== 'Connect, GET')

/** A port with a total that the test sets. */
async function startTotal(options: FixtureOptions = {}) {
  const total = { now: { count: 5n, source: 'cache', ageMs: 12.3 } as Count, error: undefined as Error | undefined }
  const count = async (): Promise<Count> => {
    if (total.error !== undefined) throw total.error
    return total.now
  }
  const fixture = await startHttpFixture({ ...options, count })
  return { fixture, total, [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose]() }
}

/** A watch: `next` resolves to the next total, its source and its age. */
function watch(fixture: HttpFixture, protocol?: string, options: CallOptions = {}) {
  const totals = pingClient(fixture, protocol).watchCount({}, options)[Symbol.asyncIterator]()
  const next = async () => {
    const { value } = await totals.next()
    return value && ([Number(value.pingCount), value.source, Number(value.ageMs)] as const)
  }
  /** The error that ends it, after any further totals. Undefined: it ended without one. */
  const ended = async () => {
    try {
      while ((await next()) !== undefined) continue
      return undefined
    } catch (error) {
      return ConnectError.from(error)
    }
  }
  return { next, ended }
}

describe.concurrent.each(STREAMING)('WatchCount over %s', protocol => {
  test('answers the total at once, and the newest after a change, with source and age', async () => {
    await using port = await startTotal()
    const watched = watch(port.fixture, protocol)
    const [count, source, ageMs] = (await watched.next())!
    expect([count, source]).toEqual([5, CountSource.CACHE])
    expect(ageMs).toBeGreaterThanOrEqual(13)
    port.total.now = { count: 9n, source: 'database', ageMs: 0 }
    expect((await watched.next())!.slice(0, 2)).toEqual([9, CountSource.DATABASE])
  })

  test('ends with UNAVAILABLE when the server drains, which does not wait for it', async () => {
    await using port = await startTotal()
    const watched = watch(port.fixture, protocol)
    await watched.next()
    const ended = watched.ended()
    expect(await port.fixture.http.stop(600_000)).toBe(0)
    expect(await ended).toMatchObject({ code: Code.Unavailable, rawMessage: 'the server is stopping; watch again' })
  })

  test("ends with DEADLINE_EXCEEDED at the caller's deadline", async () => {
    await using port = await startTotal()
    // Only the header, so that the client does not end the call itself.
    // On a busy machine it may pass before the first total: then with more time.
    let calls = 0
    for (let [ms, seen] = [100, false]; !seen; ms *= 4) {
      expect(ms, 'ms without a first total').toBeLessThan(30_000)
      const watched = watch(port.fixture, protocol, { headers: { 'connect-timeout-ms': `${ms}`, 'grpc-timeout': `${ms}m` } })
      calls++
      const first = await watched.next().catch(ConnectError.from)
      seen = !(first instanceof ConnectError)
      if (!(first instanceof ConnectError)) expect(first![0]).toBe(5)
      expect(seen ? await watched.ended() : first).toMatchObject({ code: Code.DeadlineExceeded })
    }
    await expect.poll(() => callCount(port.fixture.metrics.registry, 'ping.v1.PingService/WatchCount', 'deadline_exceeded')).toBe(calls)
  })

  test('fails as PingCount does if nothing can prove a first total', async () => {
    await using port = await startTotal()
    port.total.error = new UnavailableError('neither the cache nor Postgres can prove a count; try again')
    const error = await watch(port.fixture, protocol).ended()
    const expected = await pingClient(port.fixture, protocol)
      .pingCount({})
      .then(() => undefined, ConnectError.from)
    expect(error).toMatchObject({ code: Code.Unavailable, rawMessage: port.total.error.message })
    expect([error?.code, error?.rawMessage]).toEqual([expected?.code, expected?.rawMessage])
  })
})

describe.concurrent('WatchCount', () => {
  test('answers hundreds of callers with four looks at the total a second', async () => {
    await using port = await startTotal()
    const client = pingClient(port.fixture, 'gRPC')
    const leaving = new AbortController()
    const watches = Array.from({ length: 300 }, () => client.watchCount({}, { signal: leaving.signal })[Symbol.asyncIterator]())
    const beganMs = performance.now()
    const count = async () => (await Promise.all(watches.map(totals => totals.next()))).map(({ value }) => value?.pingCount)
    expect(new Set(await count())).toEqual(new Set([5n]))
    port.total.now = { count: 6n, source: 'cache', ageMs: 0 }
    expect(new Set(await count())).toEqual(new Set([6n]))
    // Those that a first watcher begins with, and one each 250 ms.
    expect(port.fixture.counted.length).toBeLessThanOrEqual(3 + (performance.now() - beganMs) / 250)
    leaving.abort()
    await expect.poll(() => port.fixture.http.inFlight()).toBe(0)
  })

  test('stays open while nothing can prove a total, and goes on afterwards', async () => {
    await using port = await startTotal()
    const watched = watch(port.fixture)
    await watched.next()
    const next = watched.next()
    const before = port.fixture.counted.length
    port.total.error = new UnavailableError('down')
    await expect.poll(() => port.fixture.counted.length - before).toBeGreaterThan(2)
    port.total.now = { count: 6n, source: 'database', ageMs: 0 }
    port.total.error = undefined
    expect((await next)![0]).toBe(6)
  })

  test.each(['Connect, JSON, HTTP/1.1', 'gRPC'])(
    'over %s ends with its caller, and nothing looks at the total any more',
    async protocol => {
      await using port = await startTotal()
      const leaving = new AbortController()
      const watched = watch(port.fixture, protocol, { signal: leaving.signal })
      await watched.next()
      leaving.abort()
      await expect.poll(() => port.fixture.http.inFlight()).toBe(0)
      await expect.poll(() => callCount(port.fixture.metrics.registry, 'ping.v1.PingService/WatchCount', 'canceled')).toBe(1)
      const looks = port.fixture.counted.length
      await wait(600)
      expect(port.fixture.counted.length).toBe(looks)
    },
  )

  test.each(['Connect, JSON, HTTP/1.1', 'gRPC'])('over %s outlives every limit of a request', async protocol => {
    const limits = { firstBytesMs: 100, headersMs: 100, requestMs: 200, keepAliveMs: 100, sessionIdleMs: 100, checkMs: 20 }
    await using port = await startTotal({ limits })
    let watched = watch(port.fixture, protocol)
    // On a busy machine its request may come too slowly for these limits: then again.
    const isOpen = async () =>
      watched.next().then(
        () => true,
        () => void (watched = watch(port.fixture, protocol)),
      )
    await expect.poll(isOpen).toBe(true)
    const next = watched.next()
    await wait(600)
    port.total.now = { count: 6n, source: 'database', ageMs: 0 }
    expect((await next)![0]).toBe(6)
  })
})

/** What a client without a schema prints until the server stops. */
async function watchedBy(client: (port: HttpFixture) => ReturnType<typeof run>) {
  await using port = await startTotal()
  const ended = client(port.fixture)
  await expect.poll(() => port.fixture.counted.length, { timeout: 40_000 }).toBeGreaterThan(1)
  await port.fixture.http.stop(600_000)
  const { stdout, stderr } = await ended
  expect(stdout + stderr).toContain('the server is stopping; watch again')
  return JSON.parse(stdout.slice(0, stdout.indexOf('}') + 1))
}

describe.concurrent('a client without a schema', () => {
  test.each(['connect', 'grpc', 'grpcweb'])('buf curl --protocol %s watches the total', async protocol => {
    const total = await watchedBy(({ url }) =>
      buf('curl', '--protocol', protocol, '--http2-prior-knowledge', `${url}/ping.v1.PingService/WatchCount`),
    )
    expect(total).toEqual({ pingCount: '5', source: 'COUNT_SOURCE_CACHE', ageMs: expect.any(String) })
  })

  test.runIf(can('grpcurl'))('grpcurl watches the total', async () => {
    const total = await watchedBy(({ port }) =>
      run(grpcurlCommand() ?? '', ['-plaintext', `127.0.0.1:${port}`, 'ping.v1.PingService/WatchCount']),
    )
    expect(total).toEqual({ pingCount: '5', source: 'COUNT_SOURCE_CACHE', ageMs: expect.any(String) })
  })
})
