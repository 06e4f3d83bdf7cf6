import { once } from 'node:events'
import { connect, constants, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2'
import { createConnection } from 'node:net'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { COUNT_PATH, JSON_TYPE, PING_PATH, pingClient, sendRaw, startHttpFixture, type HttpFixture } from './http-fixture.ts'

let fixture: HttpFixture
beforeAll(async () => {
  fixture = await startHttpFixture()
})
afterAll(() => fixture[Symbol.asyncDispose]())

const COUNT_QUERY = `${COUNT_PATH}?encoding=json&message=%7B%7D`
const HOST = 'host: x\r\n'
const raw = (text: string) => sendRaw(fixture.port, text)
const last = (head: string, body = '') => raw(`${head}connection: close\r\n\r\n${body}`)
const post = (headers: string) => `POST ${PING_PATH} HTTP/1.1\r\n${HOST}content-length: 2\r\n${headers}`

/** One request over HTTP/2. */
async function http2(
  headers: OutgoingHttpHeaders,
  body = '',
): Promise<{ headers: IncomingHttpHeaders; endsStream: boolean; body: string }> {
  const session = connect(fixture.url)
  const stream = session.request(headers, { endStream: body === '' })
  if (body !== '') stream.end(body)
  try {
    const [answer, flags] = (await once(stream, 'response')) as [IncomingHttpHeaders, number]
    let text = ''
    for await (const chunk of stream) text += String(chunk)
    return { headers: answer, endsStream: (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0, body: text }
  } finally {
    session.destroy()
  }
}

describe('a request target', () => {
  test.each(['http://host/livez', 'HTTP://user.example:80/livez?x', 'https://[::1]:8080/livez', 'http://:8080/livez'])(
    'in absolute form, %s, is its path',
    async target => {
      expect(await last(`GET ${target} HTTP/1.1\r\n${HOST}`)).toMatch(/^HTTP\/1.1 200 OK[^]*ok\n$/)
    },
  )

  test('in absolute form reaches an RPC', async () => {
    expect(await last(`GET http://h${COUNT_QUERY} HTTP/1.1\r\n${HOST}`)).toMatch(/^HTTP\/1.1 200 OK[^]*\}$/)
    expect(await last(post('content-type: application/json\r\n').replace(' /', ' http://h/'), '{}')).toMatch(/^HTTP\/1.1 200 OK[^]*\{\}$/)
  })

  test.each(['http:///livez', 'http://user:secret@host/livez'])('like %s is 400, and no part of it is shown', async target => {
    const answer = await last(`GET ${target} HTTP/1.1\r\n${HOST}`)
    expect(answer).toMatch(/^HTTP\/1.1 400 [^]*request target: got a URL without a host or with a user name, expected a path/)
    expect(answer).not.toContain('secret')
  })

  test.each(['http://host', 'ftp://host/livez', `/${PING_PATH}`, `${PING_PATH}/`, PING_PATH.replace('P', '%50'), '/livez#x', '*'])(
    'like %s is 404',
    async target => {
      expect(await last(`GET ${target} HTTP/1.1\r\n${HOST}`)).toMatch(/^HTTP\/1.1 404 [^]*path: got /)
    },
  )

  test('of a POST may have a query', async () => {
    expect(await last(post('content-type: application/json\r\n').replace(PING_PATH, `${PING_PATH}?a=b`), '{}')).toMatch(/^HTTP\/1.1 200 OK/)
  })

  test('that is no gRPC method is UNIMPLEMENTED, with an explanation', async () => {
    const { headers, endsStream } = await http2({
      ':method': 'POST',
      ':path': '/ping.v1.PingService/Pong',
      'content-type': 'application/grpc+proto',
      origin: 'http://page',
    })
    expect([headers[':status'], headers['content-type'], headers['grpc-status']]).toEqual([200, 'application/grpc+proto', '12'])
    // A client in Go would answer INTERNAL to its caller if data ended the stream.
    expect([endsStream, headers['access-control-allow-origin']]).toEqual([true, '*'])
    expect(decodeURIComponent(String(headers['grpc-message']))).toBe(
      'path: got "/ping.v1.PingService/Pong", expected /ping.v1.PingService/Ping or /ping.v1.PingService/PingCount',
    )
  })
})

describe('the host of a request', () => {
  test.each([':8080', '[', 'a b', 'under_score', 'user@host', 'unix:/tmp/x.sock', '%2Ftmp%2Fx', ''])('may be anything: %j', async host => {
    expect(
      await last(`POST ${PING_PATH} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: 2\r\n`, '{}'),
    ).toMatch(/^HTTP\/1.1 200 OK[^]*\{\}$/)
  })

  test.each([':8080', 'x:y:z', 'under_score:1', '%2Ftmp%2Fx'])('may be anything over HTTP/2: %j', async authority => {
    expect(
      (await http2({ ':method': 'POST', ':path': PING_PATH, ':authority': authority, 'content-type': 'application/json' }, '{}')).body,
    ).toBe('{}')
  })

  test('that is not a host does not get into a command to be copied', async () => {
    const answer = await last('GET /nope HTTP/1.1\r\nhost: :8080\r\n')
    expect(answer).toContain(`http://127.0.0.1:${fixture.port}${PING_PATH}`)
  })

  test.each([
    ['host: x\r\nhost: x\r\n', 'header host: got 2 values, expected one'],
    ['host: x\r\nHost: y\r\n', 'header host: got 2 values, expected one'],
    ['', 'header host: got none, expected the host of the request'],
  ])('in the headers %j is 400', async (headers, text) => {
    expect(await raw(`GET /livez HTTP/1.1\r\n${headers}\r\n`)).toMatch(new RegExp(`^HTTP/1.1 400 [^]*connection: close[^]*${text}`, 'i'))
  })

  test('over HTTP/2 is that of :authority', async () => {
    expect((await http2({ ':path': '/livez', ':authority': 'a:1', host: 'A:1' })).headers[':status']).toBe(200)
    const { headers, body } = await http2({ ':path': '/livez', ':authority': 'a:1', host: 'b:1' })
    expect([headers[':status'], body]).toEqual([400, 'header host: got "b:1", expected none, or the value of :authority, which is "a:1"\n'])
  })
})

describe('HEAD', () => {
  const BODY = /\r\n\r\n./
  const without = (answer: string) => answer.slice(0, answer.indexOf('\r\n\r\n')).replace(/\r\ndate: .*/i, '')

  test.each(['/livez', '/readyz', '/healthz', COUNT_QUERY, `${COUNT_PATH}?encoding=xml`, `${COUNT_PATH}?encoding=json&message=x`, '/nope'])(
    'of %s has the headers of GET and no body',
    async target => {
      const head = await last(`HEAD ${target} HTTP/1.1\r\n${HOST}`)
      expect(without(head)).toBe(without(await last(`GET ${target} HTTP/1.1\r\n${HOST}`)))
      expect(head).not.toMatch(BODY)
    },
  )

  test.each(['/livez', COUNT_QUERY])('of %s over HTTP/2 too', async path => {
    const [head, get] = [await http2({ ':method': 'HEAD', ':path': path }), await http2({ ':path': path })]
    expect([head.headers[':status'], head.headers['content-length'], head.body]).toEqual([200, get.headers['content-length'], ''])
  })

  test('of an RPC without GET is 405', async () => {
    expect(await last(`HEAD ${PING_PATH} HTTP/1.1\r\n${HOST}`)).toMatch(/^HTTP\/1.1 405 [^]*allow: POST\r\n/i)
  })
})

describe('the HTTP method', () => {
  test('OPTIONS for the whole server names the methods that it accepts', async () => {
    expect(await last(`OPTIONS * HTTP/1.1\r\n${HOST}`)).toMatch(/^HTTP\/1.1 200 OK[^]*allow: GET, HEAD, POST\r\n/i)
  })

  test.each(['TRACE', 'PATCH', 'PROPFIND'])('%s is 405', async method => {
    expect(await last(`${method} ${PING_PATH} HTTP/1.1\r\n${HOST}`)).toMatch(/^HTTP\/1.1 405 /)
  })

  test('CONNECT is 405, with an explanation', async () => {
    expect(await raw(`CONNECT host:443 HTTP/1.1\r\nhost: host:443\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 405 [^]*allow: GET, HEAD, POST[^]*method: got "CONNECT", expected GET, HEAD or POST\n$/,
    )
  })

  test('CONNECT over HTTP/2 is 405 too', async () => {
    const { headers, body } = await http2({ ':method': 'CONNECT', ':authority': 'host:443' })
    expect([headers[':status'], headers['allow'], body]).toEqual([
      405,
      'GET, HEAD, POST',
      'method: got "CONNECT", expected GET, HEAD or POST\n',
    ])
  })

  test('of an unknown name is 400, with an explanation', async () => {
    expect(await raw(`FOO / HTTP/1.1\r\n${HOST}\r\n`)).toMatch(
      /^HTTP\/1.1 400 [^]*request: got bytes that are not HTTP\/1.1 \(.+\), expected a request such as GET \/livez HTTP\/1.1\n$/,
    )
  })

  test('of an RPC that needs HTTP/2 is 505 without it, with an explanation', async () => {
    const request = `POST /grpc.reflection.v1.ServerReflection/ServerReflectionInfo HTTP/1.1\r\n${HOST}content-type: application/grpc\r\ncontent-length: 0\r\n\r\n`
    expect(await raw(request)).toMatch(/^HTTP\/1.1 505 [^]*HTTP version: got 1.1, expected 2, /)
  })
})

describe('a content-type', () => {
  test.each([
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'APPLICATION/JSON ; Charset=utf8 ',
    'application/json;',
    'application/json; a="b"; charset=Utf-8',
  ])('may be %s', async type => {
    expect(await last(post(`content-type: ${type}\r\n`), '{}')).toMatch(/^HTTP\/1.1 200 OK[^]*\{\}$/)
  })

  test.each([
    'application/json; charset=latin1',
    'application/json; charset="latin1"',
    'application/json; charset',
    'application/jsonx',
    'application/json, application/json',
    'application/grpc-web-texts',
  ])('may not be %s', async type => {
    expect(await last(post(`content-type: ${type}\r\n`), '{}')).toMatch(
      /^HTTP\/1.1 415 [^]*content-type: got "[^]*expected one of application\/json, /,
    )
  })

  test('may occur once', async () => {
    expect(await raw(`${post('content-type: application/json\r\ncontent-type: text/plain\r\n')}\r\n{}`)).toMatch(
      /^HTTP\/1.1 400 [^]*header content-type: got 2 values, expected one/,
    )
  })

  test('of a GET is ignored', async () => {
    for (const type of ['text/plain', 'application/grpc', 'application/json'])
      expect((await fetch(fixture.url + COUNT_QUERY, { headers: { 'content-type': type } })).status).toBe(200)
  })

  test.each(['', '+proto'])('of application/grpc-web-text%s is gRPC-Web in base64, in pieces of any size', async suffix => {
    const bytes = Buffer.from([0, 0, 0, 0, 3, 0x08, 0xac, 0x02])
    const text = `${bytes.subarray(0, 5).toString('base64')}\n${bytes.subarray(5).toString('base64')}`
    const body = new ReadableStream({
      start: controller => [...text].map(one => controller.enqueue(new TextEncoder().encode(one))) && controller.close(),
    })
    const headers = { 'content-type': `application/grpc-web-text${suffix}` }
    const answer = await fetch(fixture.url + PING_PATH, { method: 'POST', headers, body, duplex: 'half' })
    expect(answer.headers.get('content-type')).toBe('application/grpc-web-text+proto')
    const groups = (await answer.text()).match(/[^=]+={0,2}/g) ?? []
    expect(groups.map(group => Buffer.from(group, 'base64').toString()).join('')).toContain('grpc-status: 0\r\n')
    expect(fixture.recorded.at(-1)?.timestampMs).toBe(300n)
  })

  test.each([
    ['AAAAAAA', 'incomplete base64'],
    ['AAAA!AAA', 'characters that are not in base64'],
  ])('of application/grpc-web-text with %s is INVALID_ARGUMENT', async (body, got) => {
    const answer = await fetch(fixture.url + PING_PATH, { method: 'POST', headers: { 'content-type': 'application/grpc-web-text' }, body })
    expect(decodeURIComponent(Buffer.from(await answer.text(), 'base64').toString())).toContain(`request body: got ${got}, expected base64`)
  })
})

describe('a compressed body', () => {
  const whole = Buffer.from('{"pingId":""}')
  const send = async (encoding: string, body: Uint8Array) => {
    const answer = await fetch(fixture.url + PING_PATH, {
      method: 'POST',
      headers: { ...JSON_TYPE, 'content-encoding': encoding },
      body: Uint8Array.from(body),
    })
    return { status: answer.status, json: (await answer.json()) as { code?: string; message?: string } }
  }

  test.each([
    ['gzip', gzipSync(whole)],
    ['GZIP', gzipSync(whole)],
    ['br', brotliCompressSync(whole)],
    ['identity', whole],
  ])('by %s is read', async (encoding, body) => {
    expect((await send(encoding, body)).status).toBe(200)
  })

  test.each([
    ['gzip', 'is truncated', gzipSync(whole).subarray(0, 20)],
    ['gzip', 'is not compressed', whole],
    ['gzip', 'has bytes after its end', Buffer.concat([gzipSync(whole), whole])],
    ['br', 'is truncated', brotliCompressSync(whole).subarray(0, 5)],
    ['br', 'is not compressed', Buffer.from('garbage')],
    ['br', 'has bytes after its end', Buffer.concat([brotliCompressSync(whole), whole])],
  ])('by %s that %s is INVALID_ARGUMENT, with the same message over Connect, GET and gRPC', async (encoding, _, body) => {
    const message = expect.stringMatching(
      new RegExp(`^request body: got bytes that cannot be decompressed \\(.+\\), expected ${encoding}$`),
    )
    expect(await send(encoding, body)).toEqual({ status: 400, json: { code: 'invalid_argument', message } })
    const get = await fetch(
      `${fixture.url}${COUNT_PATH}?encoding=json&compression=${encoding}&base64=1&message=${body.toString('base64url')}`,
    )
    expect([get.status, await get.json()]).toEqual([400, { code: 'invalid_argument', message }])
    const envelope = Buffer.concat([Buffer.from([1, 0, 0, 0, body.length]), body])
    const web = await fetch(fixture.url + PING_PATH, {
      method: 'POST',
      headers: { 'content-type': 'application/grpc-web', 'grpc-encoding': encoding },
      body: envelope,
    })
    expect(await web.text()).toMatch(/grpc-status: 3\r\n/)
  })

  test.each([
    ['gzip', gzipSync(Buffer.alloc(1_000_000))],
    ['br', brotliCompressSync(Buffer.alloc(1_000_000))],
  ])('by %s that exceeds the limit when decompressed is RESOURCE_EXHAUSTED', async (encoding, body) => {
    const message = 'request body: got more bytes after decompression, expected at most 65536'
    expect(await send(encoding, body)).toEqual({ status: 429, json: { code: 'resource_exhausted', message } })
  })

  test.each(['zip', 'gzip, gzip', 'deflate', ''])(
    'by %j is UNIMPLEMENTED, and the message names the known compressions',
    async encoding => {
      const message = `compression: got ${JSON.stringify(encoding)}, expected one of gzip,br,identity`
      expect((await send(encoding, whole)).json).toEqual({ code: 'unimplemented', message })
    },
  )

  test('without a header that names the compression is INVALID_ARGUMENT', async () => {
    const web = await fetch(fixture.url + PING_PATH, {
      method: 'POST',
      headers: { 'content-type': 'application/grpc-web' },
      body: Uint8Array.of(1, 0, 0, 0, 0),
    })
    expect(await web.text()).toMatch(/grpc-message: request%20body%3A%20got%20a%20message%20marked%20as%20compressed/)
  })
})

describe('the version of the protocol', () => {
  test('must be 1 if it is given', async () => {
    const call = (version: string, type: string) =>
      fetch(fixture.url + PING_PATH, { method: 'POST', headers: { 'content-type': type, 'connect-protocol-version': version }, body: '{}' })
    expect((await call('1', 'application/json')).status).toBe(200)
    const answer = await call('2', 'application/json')
    const message = 'connect-protocol-version: got "2", expected 1, or no such header'
    expect([answer.status, await answer.json()]).toEqual([400, { code: 'invalid_argument', message }])
  })
})

describe('the number of messages in a body', () => {
  test.each([
    ['none', [], 12, 'got no message, expected one'],
    ['two', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 12, 'got more than one message, expected one'],
    [
      'a part of one',
      [0, 0, 0, 0, 9, 1],
      3,
      'got an incomplete message, expected a prefix of 5 bytes and the number of bytes that it gives',
    ],
  ])('is one, not %s', async (_, bytes, status, text) => {
    const web = await fetch(fixture.url + PING_PATH, {
      method: 'POST',
      headers: { 'content-type': 'application/grpc-web' },
      body: Uint8Array.from(bytes),
    })
    const answer = decodeURIComponent(await web.text())
    expect(answer).toContain(`grpc-status: ${status}\r\n`)
    expect(answer).toContain(`request body: ${text}`)
  })
})

describe('a caller that ends its own side of the connection and waits', () => {
  const endAfter = async (port: number, ...parts: readonly (string | Buffer)[]): Promise<string> => {
    const socket = createConnection({ port, host: '127.0.0.1', allowHalfOpen: true })
    for (const part of parts) socket.write(part)
    socket.end()
    let answer = ''
    for await (const chunk of socket) answer += String(chunk)
    return answer
  }

  test.each([
    ['a page', `GET /livez HTTP/1.1\r\n${HOST}\r\n`, 'ok\n'],
    ['an RPC', `${post('content-type: application/json\r\n')}\r\n{}`, '{}'],
    ['two RPCs', `${post('content-type: application/json\r\n')}\r\n{}`.repeat(2), '{}'],
  ])('gets its answer, then the server closes: %s', async (_, request, body) => {
    const gate = Promise.withResolvers<void>()
    await using slow = await startHttpFixture({ record: () => gate.promise })
    const answer = endAfter(slow.port, request)
    setTimeout(gate.resolve, 50)
    expect(await answer).toMatch(new RegExp(`^HTTP/1.1 200 OK[^]*${body}$`))
    expect(slow.http.inFlight()).toBe(0)
  })

  test.each(['', 'G', 'PR', `POST ${PING_PATH} HTTP/1.1\r\n${HOST}`, `${post('content-type: application/json\r\n')}\r\n{`])(
    'before its request is whole, %j, is hung up on',
    async part => {
      expect(await endAfter(fixture.port, part)).not.toContain('200 OK')
    },
  )

  test('ends its stream by that', async () => {
    const body = Buffer.from([0, 0, 0, 0, 2, 0x7b, 0x7d])
    const head = `POST /grpc.health.v1.Health/Watch HTTP/1.1\r\n${HOST}content-type: application/connect+json\r\ncontent-length: ${body.length}\r\n\r\n`
    expect(await endAfter(fixture.port, head, body)).toContain('SERVING')
  })
})

describe('bytes that are not a request', () => {
  const json = 'content-type: application/json\r\n'
  test.each([
    [
      'a chunk without a size',
      `POST ${PING_PATH} HTTP/1.1\r\n${HOST}${json}transfer-encoding: chunked\r\n\r\nzz\r\n{}`,
      400,
      'got bytes that are not HTTP/1.1',
    ],
    [
      'a length that is none',
      `POST ${PING_PATH} HTTP/1.1\r\n${HOST}${json}content-length: x\r\n\r\n{}`,
      400,
      'got bytes that are not HTTP/1.1',
    ],
    [
      'two lengths',
      `POST ${PING_PATH} HTTP/1.1\r\n${HOST}${json}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`,
      400,
      'got bytes that are not HTTP/1.1',
    ],
    [
      'a length and chunks',
      `POST ${PING_PATH} HTTP/1.1\r\n${HOST}${json}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}`,
      400,
      'got bytes that are not HTTP/1.1',
    ],
    [
      'a target that is too long',
      `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`,
      431,
      'request line and headers: got more than 16384 bytes, expected at most 16384',
    ],
    [
      'a header that is too long',
      `GET /livez HTTP/1.1\r\n${HOST}a: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'request line and headers: got more than 16384 bytes',
    ],
    [
      'another version in the syntax of 1.1',
      `GET /livez HTTP/2.0\r\n${HOST}\r\n`,
      505,
      'HTTP version: got 2.0 in the syntax of 1.1, expected 1.1, or 2 with its connection preface',
    ],
    [
      'a coding of the transfer',
      `POST ${PING_PATH} HTTP/1.1\r\n${HOST}${json}transfer-encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
      501,
      'header transfer-encoding: got "gzip, chunked", expected chunked; ',
    ],
    ['incomplete headers', `GET /livez HTTP/1.1\r\n${HOST}`, 408, 'request: got only part of it, expected all headers within 300 ms'],
    [
      'a body without an end',
      `POST ${PING_PATH} HTTP/1.1\r\n${HOST}${json}content-length: 5\r\n\r\n{}`,
      408,
      'request: got only part of it',
    ],
    [
      'an unknown expectation',
      `GET /livez HTTP/1.1\r\n${HOST}expect: tea\r\n\r\n`,
      417,
      'header expect: got "tea", expected none, or 100-continue',
    ],
  ])('such as %s are rejected, with an explanation', async (_, text, status, word) => {
    // Only what is cut off after a time meets a port that has little patience: on a busy machine, others may be slow.
    await using impatient = await startHttpFixture({ limits: { requestMs: 600, headersMs: 300, checkMs: 50 } })
    const answer = await sendRaw(status === 408 ? impatient.port : fixture.port, text)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*connection: close`, 'i'))
    expect(answer).toContain(word)
  })

  test.each([{ ':path': '/livez', a: 'x'.repeat(17_000) }, { ':path': `/${'x'.repeat(17_000)}` }])(
    'and headers that are too long over HTTP/2 are refused, with a word',
    async headers => {
      const answer = await http2(headers)
      expect([answer.headers[':status'], answer.body]).toEqual([
        431,
        expect.stringMatching(/^headers: got 17\d\d\d bytes, expected at most 16384\n$/),
      ])
    },
  )

  test('are answered after the earlier requests', async () => {
    const gate = Promise.withResolvers<void>()
    await using slow = await startHttpFixture({ record: () => gate.promise })
    const answer = sendRaw(slow.port, `${post('content-type: application/json\r\n')}\r\n{}garbage\r\n\r\n`)
    await expect.poll(() => slow.http.inFlight()).toBe(1)
    gate.resolve()
    expect(await answer).toMatch(/^HTTP\/1.1 200 OK[^]*\{\}HTTP\/1.1 400 /)
  })

  test('do not affect other connections', async () => {
    await pingClient(fixture).ping({})
  })
})

describe('a connection', () => {
  test('stays usable after a rejected request', async () => {
    const requests = [
      `GET /nope HTTP/1.1\r\n${HOST}\r\n`,
      `${post('content-type: text/plain\r\n')}\r\n{}`,
      `${post('content-type: application/json\r\n')}\r\n[]`,
      `GET /livez HTTP/1.1\r\n${HOST}connection: close\r\n\r\n`,
    ]
    expect((await raw(requests.join(''))).match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 404', 'HTTP/1.1 415', 'HTTP/1.1 400', 'HTTP/1.1 200'])
  })

  test.each(['application/grpc-web+proto', 'application/grpc+proto', 'application/grpc-web-text', 'application/json'])(
    'serves on after a body of %s that is too long, although it was not read to its end',
    async type => {
      const size = 400_000
      const chunk = `${size.toString(16)}\r\n${type.includes('text') ? 'AP//////' : '\0\u007f'}`.padEnd(
        size + size.toString(16).length + 2,
        'A',
      )
      const tooLong = `POST ${PING_PATH} HTTP/1.1\r\n${HOST}content-type: ${type}\r\ntransfer-encoding: chunked\r\n\r\n${chunk}\r\n0\r\n\r\n`
      expect(await raw(`${tooLong}GET /livez HTTP/1.1\r\n${HOST}connection: close\r\n\r\n`)).toMatch(
        /^HTTP\/1.1 (?:200|429) [^]*HTTP\/1.1 200 OK[^]*ok\n$/,
      )
    },
  )

  test.each(['application/grpc-web+proto', 'application/grpc-web-text'])(
    'serves on after a body of %s with too many messages',
    async type => {
      const size = 1_000_000
      const body = (type.includes('text') ? 'A' : '\0').repeat(size)
      const tooMany = `POST ${PING_PATH} HTTP/1.1\r\n${HOST}content-type: ${type}\r\ncontent-length: ${size}\r\n\r\n${body}`
      expect(await raw(`${tooMany}GET /livez HTTP/1.1\r\n${HOST}connection: close\r\n\r\n`)).toMatch(
        /^HTTP\/1.1 200 [^]*HTTP\/1.1 200 OK[^]*ok\n$/,
      )
    },
  )

  test('gets 100 Continue if it expects it', async () => {
    expect(await last(post('expect: 100-continue\r\ncontent-type: application/json\r\n'), '{}')).toMatch(
      /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK/,
    )
  })
})
