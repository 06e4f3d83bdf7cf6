import { once } from 'node:events'
import { connect } from 'node:http2'
import { createConnection, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { COUNT_PATH, JSON_TYPE, PING_PATH, pingClient, run, sendRaw, startHttpFixture, type HttpFixture } from './http-fixture.ts'

let fixture: HttpFixture
beforeAll(async () => {
  fixture = await startHttpFixture()
})
afterAll(() => fixture[Symbol.asyncDispose]())

/** The commands in an answer, which a reader can copy into a shell. */
const curlLines = (body: string): string[] =>
  body
    .split('\n')
    .filter(line => line.startsWith('  curl'))
    .map(line => line.trim())
const runInShell = (line: string) => run('sh', ['-c', line.replace('curl', 'curl -sS')])

describe('a request that no method accepts', () => {
  test('by a plain `curl -d` is 415, and the command in the answer works', async () => {
    const { stdout } = await run('curl', ['-sS', '-w', '%{http_code}', '-d', '{}', fixture.url + PING_PATH])
    expect(stdout).toMatch(/415$/)
    expect(stdout).toContain('content-type: got "application/x-www-form-urlencoded", expected one of application/json, application/proto')
    const [line] = curlLines(stdout)
    expect(await runInShell(line ?? 'false')).toMatchObject({ code: 0, stdout: '{}' })
  })

  test.each([undefined, 'text/plain', 'application/json; charset=latin1', 'application/connect+json'])(
    'with the content-type %s is 415',
    async type => {
      const answer = await fetch(fixture.url + PING_PATH, {
        method: 'POST',
        body: new TextEncoder().encode('{}'),
        headers: type === undefined ? {} : { 'content-type': type },
      })
      expect(answer.status).toBe(415)
      expect(answer.headers.get('accept-post')).toBe(
        'application/json, application/proto, application/grpc, application/grpc-web, application/grpc-web-text',
      )
      expect(await answer.text()).toContain(`content-type: got ${type === undefined ? 'none' : JSON.stringify(type)}, expected`)
    },
  )

  test.each([
    ['GET', PING_PATH, 'POST'],
    ['PUT', PING_PATH, 'POST'],
    ['DELETE', COUNT_PATH, 'POST, GET, HEAD'],
    ['OPTIONS', PING_PATH, 'POST'],
  ])('%s %s is 405, and the command in the answer works', async (method, path, allowed) => {
    const answer = await fetch(fixture.url + path, { method })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allowed])
    const body = await answer.text()
    expect(body).toContain(`method: got "${method}", expected ${allowed.replaceAll(', ', ' or ')}`)
    expect((await runInShell(curlLines(body)[0] ?? 'false')).code).toBe(0)
  })

  test.each([
    ['', 415, 'encoding: got none, expected json or proto'],
    ['?message=%7B%7D', 415, 'encoding: got none, expected json or proto'],
    ['?encoding=xml&message=%7B%7D', 415, 'encoding: got "xml", expected json or proto'],
    ['?encoding=json', 400, 'message: got none, expected the request, such as {} with encoding=json'],
    ['?encoding=proto', 400, 'message: got none, expected the request'],
    ['?encoding=json&message=', 400, 'message: got "", expected the request as JSON, such as {}'],
    ['?encoding=json&base64=1&message=e', 400, 'message: got "e", expected URL-safe base64, because of base64=1'],
    ['?encoding=json&base64=1&message=%7B%7D', 400, 'message: got "{}", expected URL-safe base64'],
    ['?encoding=proto&base64=1&message=ab+c', 400, 'message: got "ab c", expected URL-safe base64'],
    ['?encoding=json&message=%7B%7D&connect=v2', 400, 'connect: got "v2", expected v1, or no such parameter'],
    ['?encoding=json&encoding=proto&message=%7B%7D', 415, 'encoding: got "json, proto", expected it once'],
    ['?encoding=json&message=%7B%7D&message=%7B%7D', 400, 'message: got "{}, {}", expected it once'],
    ['?encoding=json&base64=yes&message=e30', 400, 'base64: got "yes", expected 1, or no such parameter'],
  ])('GET PingCount%s is %i, and the commands in the answer work, by GET and by POST', async (query, status, message) => {
    const answer = await fetch(fixture.url + COUNT_PATH + query)
    expect(answer.status).toBe(status)
    const body = await answer.text()
    expect(body).toContain(`query parameter ${message}`)
    expect(curlLines(body)).toEqual([expect.stringContaining('?encoding=json'), expect.stringContaining("-d '{}'")])
    for (const line of curlLines(body)) expect((await runInShell(line)).stdout).toMatch(/^\{("pingCount":"\d+")?\}$/)
  })

  test.each([
    '?encoding=proto&message=',
    '?connect=v1&message=%7B%22why%22:%22?%22%7D&encoding=json',
    '?encoding=json&base64=1&message=e30',
    '?encoding=json&base64=1&message=e30%3D',
    '?encoding=proto&base64=1&message=',
  ])('GET PingCount%s is answered', async query => {
    expect((await fetch(fixture.url + COUNT_PATH + query)).status).toBe(200)
  })

  test('to another path is 404, and the answer names both methods with commands that work', async () => {
    const answer = await fetch(`${fixture.url}/nope?x=1`)
    expect(answer.status).toBe(404)
    const body = await answer.text()
    expect(body).toContain(`path: got "/nope", expected ${PING_PATH} or ${COUNT_PATH}`)
    expect(curlLines(body)).toHaveLength(2)
    for (const line of curlLines(body)) expect((await runInShell(line)).code).toBe(0)
  })

  test('cannot put its own text into a command to be copied', async () => {
    const answer = await sendRaw(fixture.port, "GET /nope HTTP/1.1\r\nhost: x';rm -rf /;'\r\nconnection: close\r\n\r\n")
    expect(answer).not.toContain('rm -rf')
    expect(answer).toContain(`http://127.0.0.1:${fixture.port}${PING_PATH}`)
  })

  test('that is not HTTP is 400, and the port keeps serving', async () => {
    expect(await sendRaw(fixture.port, 'hello\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /)
    expect(await sendRaw(fixture.port, 'PRI hello\r\n\r\n')).not.toContain('HTTP/1.1')
    await pingClient(fixture).ping({})
  })

  test('of HTTP/1.0 needs no Host', async () => {
    const request = `POST ${PING_PATH} HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`
    expect(await sendRaw(fixture.port, request)).toMatch(/^HTTP\/1.1 200 OK[^]*\{\}$/)
  })
})

describe('the pages', () => {
  test.each([
    ['/healthz', 200, 'ok'],
    ['/livez', 200, 'ok\n'],
    ['/readyz', 200, 'ready\n'],
  ])('%s answers %s %j', async (path, status, body) => {
    const answer = await fetch(fixture.url + path)
    expect([answer.status, await answer.text()]).toEqual([status, body])
  })

  test('/readyz explains why the server is not ready, while /livez and /healthz stay 200', async () => {
    await using other = await startHttpFixture()
    other.readiness.notReady('Postgres does not take pings')
    const answer = await fetch(`${other.url}/readyz`)
    expect([answer.status, await answer.text()]).toEqual([503, 'not ready: Postgres does not take pings\n'])
    expect((await fetch(`${other.url}/livez`)).status).toBe(200)
    expect((await fetch(`${other.url}/healthz`)).status).toBe(200)
  })

  test('/metrics has the format of Prometheus', async () => {
    await pingClient(fixture).pingCount({})
    const answer = await fetch(`${fixture.url}/metrics`)
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
    const lines = (await answer.text()).split('\n')
    expect(lines).toContainEqual(expect.stringMatching(/^ping_rpc_total\{method="ping\.v1\.PingService\/PingCount",code="ok"\} [1-9]/))
    expect(lines).toContainEqual(expect.stringMatching(/^ping_rpc_seconds_count\{method="ping\.v1\.PingService\/PingCount"\} [1-9]/))
    expect(lines).toContainEqual(expect.stringMatching(/^process_resident_memory_bytes \d/))
  })

  test('accept HEAD, and answer other methods with 405', async () => {
    expect((await fetch(`${fixture.url}/livez`, { method: 'HEAD' })).status).toBe(200)
    const answer = await fetch(`${fixture.url}/livez`, { method: 'POST' })
    expect([answer.status, answer.headers.get('allow'), await answer.text()]).toEqual([
      405,
      'GET, HEAD',
      'method: got POST, expected GET\n',
    ])
  })
})

describe('a page of another origin', () => {
  const preflight = (origin: string, url: string) =>
    fetch(url + PING_PATH, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,connect-protocol-version',
      },
    })

  test('may call, as the preflight says', async () => {
    const { status, headers } = await preflight('https://page.example', fixture.url)
    expect([status, headers.get('access-control-allow-origin')]).toEqual([204, '*'])
    expect(headers.get('access-control-allow-methods')).toBe('POST, GET')
    const allowed = headers.get('access-control-allow-headers')?.toLowerCase().split(/ *, */)
    expect(allowed).toEqual(
      expect.arrayContaining([
        'content-type',
        'connect-protocol-version',
        'connect-timeout-ms',
        'x-grpc-web',
        'x-user-agent',
        'grpc-timeout',
      ]),
    )
  })

  test.each(['traceparent,tracestate,baggage,x-request-id,authorization', 'b3, x-b3-traceid ,sentry-trace', 'x'])(
    'may send the headers %s',
    async asked => {
      const headers = { origin: 'https://page.example', 'access-control-request-method': 'POST', 'access-control-request-headers': asked }
      const answer = await fetch(fixture.url + PING_PATH, { method: 'OPTIONS', headers })
      expect(answer.headers.get('access-control-allow-headers')?.split(/[ \t]*,[ \t]*/)).toEqual(
        expect.arrayContaining(['Content-Type', ...asked.split(/ *, */)]),
      )
    },
  )

  test("may read the answer and Ping's headers", async () => {
    const headers = { ...JSON_TYPE, origin: 'https://page.example' }
    const answer = await fetch(fixture.url + PING_PATH, { method: 'POST', headers, body: '{}' })
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    const exposed = answer.headers.get('access-control-expose-headers')?.toLowerCase().split(', ')
    expect(exposed).toEqual(
      expect.arrayContaining([
        'ping-id',
        'ping-count-source',
        'ping-count-age-ms',
        'retry-after',
        'grpc-status',
        'grpc-message',
        'grpc-status-details-bin',
      ]),
    )
  })

  test('gets no CORS headers if its origin is not allowed', async () => {
    await using narrow = await startHttpFixture({ allowedOrigins: ['https://page.example'] })
    expect((await preflight('https://other.example', narrow.url)).headers.get('access-control-allow-origin')).toBeNull()
    const { headers } = await preflight('https://page.example', narrow.url)
    expect([headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual(['https://page.example', 'origin'])
  })
})

describe('a slow caller', () => {
  const limits = { firstBytesMs: 150, headersMs: 300, requestMs: 400, sessionIdleMs: 300, checkMs: 50 }
  /** Milliseconds from now until the server closes the connection. */
  const closedAfter = async (socket: Socket): Promise<number> => {
    const startedAt = performance.now()
    socket.on('error', () => undefined).resume()
    await once(socket, 'close')
    return performance.now() - startedAt
  }

  test.each([
    ['nothing', ''],
    ['only part of the preface', 'PR'],
    ['only the preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['incomplete headers', 'POST / HTTP/1.1\r\nhost: x\r\n'],
    ['an incomplete body', `POST ${PING_PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{`],
  ])('that sends %s is cut off', async (_, bytes) => {
    await using slow = await startHttpFixture({ limits })
    const socket = createConnection(slow.port, '127.0.0.1')
    socket.write(bytes)
    expect(await closedAfter(socket)).toBeLessThan(30_000)
  })

  test('of an HTTP/2 request body is cut off, and the session keeps serving', async () => {
    await using slow = await startHttpFixture({ limits: { ...limits, sessionIdleMs: 60_000 } })
    const session = connect(slow.url)
    const open = session.request({ ':method': 'POST', ':path': PING_PATH, 'content-type': 'application/json' }, { endStream: false })
    open.on('error', () => undefined).write('{')
    await once(open, 'close')
    const next = session.request({ ':path': '/livez' })
    const [headers] = await once(next, 'response')
    expect(headers[':status']).toBe(200)
    session.destroy()
  })

  test('keeps its HTTP/2 session between requests until it is idle for too long', async () => {
    await using slow = await startHttpFixture({ limits })
    const session = connect(slow.url)
    const startedAt = performance.now()
    await once(session.request({ ':path': '/livez' }).resume(), 'close')
    await once(session, 'close')
    expect(performance.now() - startedAt).toBeGreaterThan(200)
  })

  test('is not cut off while it waits for a slow ledger', async () => {
    for (let tries = 1; ; tries++) {
      const gate = Promise.withResolvers<void>()
      const { promise: areThere, resolve: bothAreThere } = Promise.withResolvers<void>()
      let waiting = 0
      const record = () => {
        if (++waiting === 2) bothAreThere()
        return gate.promise
      }
      await using slow = await startHttpFixture({ limits, record })
      const pings = Promise.all([pingClient(slow).ping({}), pingClient(slow, 'gRPC').ping({})])
      const cutOff = pings.then(
        () => false,
        () => true,
      )
      // A request that was sent too slowly, as on a busy machine, never gets there.
      if (await Promise.race([cutOff, areThere.then(() => false)])) {
        expect(tries).toBeLessThan(10)
        continue
      }
      setTimeout(gate.resolve, 1_000)
      await pings
      expect(slow.recorded).toHaveLength(2)
      break
    }
  })
})

describe('headers that are too large', () => {
  test('are answered with 431', async () => {
    const answer = await sendRaw(fixture.port, `GET /livez HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1.1 431 /)
  })
})

describe('a connection', () => {
  test('may send its first bytes one by one', async () => {
    const socket = createConnection(fixture.port, '127.0.0.1')
    socket.setNoDelay(true)
    for (const byte of `POST ${PING_PATH} HTTP/1.1\r\nhost: x\r\n`) {
      socket.write(byte)
      await new Promise(setImmediate)
    }
    socket.write('content-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}')
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    await once(socket, 'close')
    expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1.1 200 OK/)
  })

  test('may send several requests at once', async () => {
    const one = `POST ${PING_PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n`
    const answer = await sendRaw(fixture.port, `${one}\r\n{}${one}\r\n{}${one}connection: close\r\n\r\n{}`)
    expect(answer.match(/HTTP\/1.1 200 OK/g)).toHaveLength(3)
  })

  test('that breaks at any moment affects no other', async () => {
    const request = `POST ${PING_PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`
    for (let length = 0; length < request.length; length += 7) {
      const socket = createConnection(fixture.port, '127.0.0.1')
      await once(socket, 'connect')
      await new Promise<void>(resolve => socket.write(request.slice(0, length), () => resolve()))
      socket.resetAndDestroy()
    }
    await pingClient(fixture).ping({})
    expect(fixture.logged.filter(line => Number(line['level']) >= 50)).toEqual([])
  })
})
