import { connect, constants, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2'
import { createConnection } from 'node:net'
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { createAccessCheck, type AccessCheck } from '../../src/transport/access/access-check.ts'
import { parseTokens } from '../../src/transport/access/tokens.ts'
import { startHttpServer } from '../../src/transport/http/http-server.ts'
import type { HttpLimits } from '../../src/transport/http/limits.ts'
import type { Route, RouteRequest } from '../../src/transport/http/routes/route.ts'
import { measureCalls } from '../../src/transport/rpc/measure-calls.ts'
import { tokenLine } from '../server/callers-fixture.ts'
import { sendRaw } from '../server/http-fixture.ts'

const MAX_BYTES = 1_000

interface Served extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly handled: string[]
  readonly ended: string[]
  readonly logged: Record<string, unknown>[]
  stop(limitMs: number): Promise<number>
}

interface ServeOptions {
  readonly limits?: Partial<HttpLimits>
  readonly access?: AccessCheck
  readonly handle?: (request: RouteRequest) => Promise<void>
}

/** A port with two methods of one path, and no RPCs. */
async function serve({ limits, access, handle }: ServeOptions = {}): Promise<Served> {
  const handled: string[] = []
  const ended: string[] = []
  const logged: Record<string, unknown>[] = []
  const log = pino({ level: 'info' }, { write: line => void logged.push(JSON.parse(line)) })
  const route = (method: Route['method']): Route => ({
    method,
    path: '/thing/{id}/part',
    maxBodyBytes: MAX_BYTES,
    example: { path: '/thing/a/part', ...(method === 'PUT' && { body: 'x', contentType: 'text/plain' }) },
    async handle(request) {
      await handle?.(request)
      handled.push(`${method} ${request.parameters['id']} ${Buffer.from(request.body).toString()}`)
      return {
        status: 200,
        headers: { 'x-other': 'yes' },
        json: { id: request.parameters['id'], big: 2n ** 62n, asked: request.header('x-asked') },
      }
    },
  })
  const http = await startHttpServer({
    port: 0,
    portSetting: 'PORT',
    hosts: ['127.0.0.1'],
    allowedOrigins: ['*'],
    exposedHeaders: ['X-Other'],
    maxBodyBytes: 1_000,
    limits: limits ?? {},
    access,
    routes: () => undefined,
    plainRoutes: [route('GET'), route('PUT')],
    interceptors: [],
    examplePaths: ['/none'],
    calls: measureCalls({ rpcEnded: (method, code) => void ended.push(`${method} ${code}`) }, log),
    pages: new Map(),
    log,
  })
  return {
    url: `http://127.0.0.1:${http.port}`,
    port: http.port,
    handled,
    ended,
    logged,
    stop: limitMs => http.stop(limitMs),
    [Symbol.asyncDispose]: async () => void (await http.stop(0)),
  }
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** One request over HTTP/2. With `endsBody: false` its body stays incomplete. */
function overHttp2(url: string, headers: OutgoingHttpHeaders, body = '', endsBody = true): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const session = connect(url).on('error', reject)
    const stream = session.request({ ':path': '/thing/a%20b/part', ...headers }, { endStream: false }).on('error', reject)
    let got: IncomingHttpHeaders = {}
    let text = ''
    stream.on('response', answer => (got = answer))
    stream.setEncoding('utf8').on('data', chunk => (text += chunk))
    stream.on('close', () => {
      session.close()
      if (got[':status'] === undefined) reject(new Error('closed without an answer'))
      else resolve({ status: Number(got[':status']), headers: got, text })
    })
    if (body !== '') stream.write(body)
    if (endsBody) stream.end()
  })
}

const withBody = async (url: string, init: RequestInit = {}): Promise<Answer> => {
  const response = await fetch(`${url}/thing/a%20b/part`, init)
  return { status: response.status, headers: Object.fromEntries(response.headers), text: await response.text() }
}

/** One request in each version of HTTP. */
const VERSIONS: readonly (readonly [
  name: string,
  send: (url: string, method: string, body?: string, headers?: Record<string, string>) => Promise<Answer>,
])[] = [
  ['HTTP/1.1', (url, method, body, headers) => withBody(url, { method, ...(body !== undefined && { body }), ...(headers && { headers }) })],
  ['HTTP/2', (url, method, body = '', headers = {}) => overHttp2(url, { ':method': method, ...headers }, body)],
]

describe.each(VERSIONS)('a route over %s', (_, send) => {
  test('gets its decoded parameters, a header and the body, and answers JSON with all digits', async () => {
    await using at = await serve()
    const { status, headers, text } = await send(at.url, 'PUT', 'hello', { 'x-asked': 'why' })
    expect([status, headers['content-type'], headers['x-other']]).toEqual([200, 'application/json', 'yes'])
    expect(text).toBe('{"id":"a b","big":4611686018427387904,"asked":"why"}\n')
    expect(at.handled).toEqual(['PUT a b hello'])
    expect(at.ended).toEqual(['PUT /thing/{id}/part ok'])
  })

  test('answers HEAD as GET, without the body', async () => {
    await using at = await serve()
    const { status, headers, text } = await send(at.url, 'HEAD')
    expect([status, headers['content-length'], text]).toEqual([200, '39', ''])
    expect(at.handled).toEqual(['GET a b '])
  })

  test('answers OPTIONS with its methods', async () => {
    await using at = await serve()
    const { status, headers } = await send(at.url, 'OPTIONS')
    expect([status, headers['allow']]).toEqual([200, 'GET, HEAD, PUT, OPTIONS'])
    expect(at.handled).toEqual([])
  })

  test('answers another method with 405 and commands that work', async () => {
    await using at = await serve()
    const { status, headers, text } = await send(at.url, 'DELETE')
    expect([status, headers['allow']]).toEqual([405, 'GET, HEAD, PUT'])
    expect(text).toBe(
      [
        'method: got "DELETE", expected GET or HEAD or PUT',
        '',
        'Send:',
        `  curl '${at.url}/thing/a/part'`,
        `  curl -X PUT -H 'content-type: text/plain' --data 'x' '${at.url}/thing/a/part'`,
        '',
      ].join('\n'),
    )
  })

  test('allows pages of other origins its methods and headers', async () => {
    await using at = await serve()
    const origin = { origin: 'http://page.example' }
    const preflight = await send(at.url, 'OPTIONS', undefined, { ...origin, 'access-control-request-method': 'PUT' })
    expect(preflight.status).toBe(204)
    expect(preflight.headers['access-control-allow-methods']).toBe('POST, GET, PUT')
    const { headers } = await send(at.url, 'PUT', 'x', origin)
    expect([headers['access-control-allow-origin'], headers['access-control-expose-headers']]).toEqual([
      '*',
      expect.stringContaining('X-Other'),
    ])
  })

  test('answers 413 to a body over its limit, and does not read on', async () => {
    await using at = await serve()
    const { status, text } = await send(at.url, 'PUT', 'x'.repeat(200_000))
    expect(status).toBe(413)
    expect(JSON.parse(text)).toMatchObject({
      code: 'resource_exhausted',
      message: expect.stringMatching(/^request body: got (200000|more) bytes, expected at most 1000$/),
    })
    expect(at.handled).toEqual([])
    expect(at.ended).toEqual(['PUT /thing/{id}/part resource_exhausted'])
  })

  test('shows no details of an unexpected error, which is logged once', async () => {
    await using at = await serve({ handle: () => Promise.reject(new TypeError('secret of the inside')) })
    const { status, text } = await send(at.url, 'PUT', 'x')
    expect([status, text]).toEqual([500, '{"code":"internal","message":"internal error"}\n'])
    expect(at.logged).toMatchObject([{ level: 50, err: { message: 'secret of the inside' }, route: 'PUT /thing/{id}/part' }])
  })

  test('refuses a caller without the role, before the body is read', async () => {
    const roles = { realm: 'test', names: ['use'], roleOf: () => 'use' }
    const tokens = parseTokens('TOKENS_FILE', tokenLine('full', 'secret', 'use'), roles.names)
    await using at = await serve({ access: createAccessCheck({ tokens: () => tokens, clientCertificates: false, roles }) })
    const refused = await send(at.url, 'PUT', 'x')
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([401, 'Bearer realm="test"'])
    expect(JSON.parse(refused.text)).toMatchObject({ code: 'unauthenticated' })
    expect((await send(at.url, 'PUT', 'x', { authorization: 'Bearer secret' })).status).toBe(200)
    expect(at.handled).toHaveLength(1)
  })
})

describe('a route', () => {
  test.each(['/thing//part', '/thing/a/part/', '/thing/a/b/part', '//thing/a/part', '/Thing/a/part'])('is not found at %s', async path => {
    await using at = await serve()
    expect((await fetch(at.url + path)).status).toBe(404)
    expect(at.ended).toEqual([])
  })

  test('refuses a header with two values: Node would join them', async () => {
    await using at = await serve()
    const answer = await sendRaw(at.port, 'GET /thing/a/part HTTP/1.1\r\nhost: x\r\nx-asked: a\r\nX-Asked: b\r\nconnection: close\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*"message":"header x-asked: got \\"2 values\\", expected one"/)
  })

  test('answers a caller that waits for 100 Continue', async () => {
    await using at = await serve()
    const head = 'PUT /thing/a/part HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\nconnection: close\r\n\r\n'
    let sent = false
    const answer = await new Promise<string>(resolve => {
      let got = ''
      const socket = createConnection({ port: at.port, host: '127.0.0.1' }, () => socket.write(head))
      socket.on('data', chunk => {
        got += String(chunk)
        if (!sent && got.includes('100 Continue')) socket.write('hi')
        sent ||= got.includes('100 Continue')
      })
      socket.on('close', () => resolve(got))
    })
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/)
    expect(at.handled).toEqual(['PUT a hi'])
  })

  test('answers 413 to an endless body', async () => {
    await using at = await serve()
    const endless = new ReadableStream({ pull: controller => controller.enqueue(new Uint8Array(65_536)) })
    const { status } = await fetch(`${at.url}/thing/a/part`, { method: 'PUT', body: endless, duplex: 'half' })
    expect(status).toBe(413)
  })

  test('does not handle a body that arrives too slowly', async () => {
    await using at = await serve({ limits: { requestMs: 200, headersMs: 200, checkMs: 20 } })
    const slow = await sendRaw(at.port, 'PUT /thing/a/part HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhi')
    expect(slow).toMatch(/^HTTP\/1\.1 408 /)
    await expect(overHttp2(at.url, { ':method': 'PUT' }, 'hi', false)).rejects.toThrow()
    expect(at.handled).toEqual([])
  })

  test('does not handle the body of a caller that has disconnected', async () => {
    await using at = await serve()
    const socket = createConnection({ port: at.port, host: '127.0.0.1' })
    socket.write('PUT /thing/a/part HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhi', () => socket.destroy())
    await new Promise(resolve => socket.once('close', resolve))
    expect((await fetch(`${at.url}/thing/b/part`)).status).toBe(200)
    expect(at.handled).toEqual(['GET b '])
  })

  test('does not handle the body of a stream that its caller resets', async () => {
    await using at = await serve()
    const session = connect(at.url)
    const stream = session.request({ ':method': 'PUT', ':path': '/thing/a/part' }, { endStream: false })
    stream.on('error', () => undefined).write('hi', () => stream.close(constants.NGHTTP2_CANCEL))
    await new Promise(resolve => stream.once('close', resolve))
    session.close()
    expect((await fetch(`${at.url}/thing/b/part`)).status).toBe(200)
    expect(at.handled).toEqual(['GET b '])
  })

  test('is answered in order to a caller that does not wait for answers, eight requests at a time', async () => {
    const gate = Promise.withResolvers<void>()
    let begun = 0
    await using at = await serve({
      handle: () => {
        begun++
        return gate.promise
      },
    })
    const requests = Array.from({ length: 100 }, (_, number) => `GET /thing/${number}/part HTTP/1.1\r\nhost: x\r\n`)
    const answers = sendRaw(at.port, `${requests.join('\r\n')}connection: close\r\n\r\n`)
    await expect.poll(() => begun).toBe(8)
    await fetch(`${at.url}/none`)
    expect(begun).toBe(8)
    gate.resolve()
    const ids = [...(await answers).matchAll(/"id":"(\d+)"/g)].map(([, id]) => Number(id))
    expect(ids).toEqual(Array.from({ length: 100 }, (_, number) => number))
  })

  test('is answered although the server drains', async () => {
    const begun = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    const at = await serve({
      handle: () => {
        begun.resolve()
        return gate.promise
      },
    })
    const answer = fetch(`${at.url}/thing/a/part`)
    await begun.promise
    const stopped = at.stop(5_000)
    gate.resolve()
    expect((await answer).status).toBe(200)
    expect(await stopped).toBe(0)
  })
})
