import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2'
import { Agent, request as httpsRequest } from 'node:https'
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { createClient, ConnectError, Code } from '@connectrpc/connect'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PingService } from '../../src/gen/ping/v1/ping_pb.ts'
import { wait } from '../../src/runtime/wait.ts'
import { DEFAULT_LIMITS } from '../../src/transport/http/limits.ts'
import { OnePort } from '../../src/transport/http/one-port.ts'
import { readCertificate } from '../../src/transport/tls/certificate.ts'
import { createAuthority, daysFromNow } from '../support/certificates.ts'
import { can } from '../support/tiers.ts'
import { startCallersFixture, type CallersFixture } from './callers-fixture.ts'
import { buf, COUNT_PATH, PING_PATH, PROTOCOLS, run, sendRaw, transports } from './http-fixture.ts'

const hasCurl = can('curl')
const authority = createAuthority()
const ca = authority.cert

/** A TLS connection after its handshake. */
async function secureConnection({ port }: { readonly port: number }, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', ca, ...options })
  await once(socket, 'secureConnect')
  return socket
}
const serialOf = async (fixture: CallersFixture): Promise<string> => {
  const socket = await secureConnection(fixture)
  const { serialNumber } = socket.getPeerCertificate()
  socket.destroy()
  return serialNumber
}
/** Everything that a connection receives until it is closed. */
async function answerOf(socket: Socket): Promise<string> {
  let answer = ''
  socket
    .setEncoding('latin1')
    .on('data', text => (answer += text))
    .on('error', () => undefined)
  await once(socket, 'close')
  return answer
}

/** Forwards what a caller sends within 20 ms in one write. */
function gather(caller: Socket, server: Socket): void {
  const held: Buffer[] = []
  const pass = (): void => void server.write(Buffer.concat(held.splice(0)))
  caller.on('data', (bytes: Buffer) => held.push(bytes) === 1 && setTimeout(pass, 20)).on('error', () => undefined)
  server.pipe(caller).on('error', () => undefined)
  server.on('error', () => undefined)
}

/** Sends a GET over HTTP/1.1. */
async function ask(fixture: CallersFixture, path: string): Promise<TLSSocket> {
  const socket = await secureConnection(fixture)
  socket.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${fixture.port}\r\nconnection: close\r\n\r\n`)
  return socket
}
async function textOf(session: ClientHttp2Session): Promise<string> {
  let text = ''
  for await (const chunk of session.request({ ':path': '/nope' })) text += String(chunk)
  session.close()
  return text
}

describe('a port with a certificate', () => {
  let fixture: CallersFixture
  beforeAll(async () => {
    fixture = await startCallersFixture(authority.issue())
    writeFileSync(join(fixture.folder, 'ca.crt'), ca)
  })
  afterAll(() => fixture[Symbol.asyncDispose]())

  test.each(PROTOCOLS)('serves %s', async protocol => {
    const client = createClient(PingService, transports(fixture.url, { nodeOptions: { ca } })[protocol]!)
    await client.ping({ timestampMs: 5n })
    expect((await client.pingCount({})).pingCount).toBe(BigInt(fixture.recorded.length))
  })

  test.each([
    [['h2', 'http/1.1'], 'h2'],
    [['http/1.1'], 'http/1.1'],
    [undefined, false],
  ])('offered %j agrees on %s', async (ALPNProtocols, agreed) => {
    const socket = await secureConnection(fixture, ALPNProtocols && { ALPNProtocols })
    expect([socket.alpnProtocol, socket.getProtocol()]).toEqual([agreed, 'TLSv1.3'])
    socket.destroy()
  })

  test('accepts TLS 1.2 and nothing older', async () => {
    const socket = await secureConnection(fixture, { maxVersion: 'TLSv1.2' })
    expect(socket.getProtocol()).toBe('TLSv1.2')
    socket.destroy()
    const older = connect({
      port: fixture.port,
      host: '127.0.0.1',
      ca,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    })
    const [error] = await once(older, 'error').catch((reason: unknown) => [reason])
    expect(String(error)).toMatch(/alert protocol version/)
  })

  test.runIf(hasCurl).each([['--http1.1'], ['--http2']])('is accepted by curl: %s', async version => {
    const args = [
      '-sS',
      version,
      '--cacert',
      join(fixture.folder, 'ca.crt'),
      '-w',
      ' %{http_version}',
      '-H',
      'content-type: application/json',
      '-d',
      '{}',
    ]
    const { code, stdout, stderr } = await run('curl', [...args, `https://localhost:${fixture.port}${PING_PATH}`])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(version === '--http2' ? /^\{\} 2$/ : /^\{\} 1.1$/)
  })

  test.each(['connect', 'grpc', 'grpcweb'])('is accepted by buf curl without a schema over %s', async protocol => {
    const answer = await buf(
      'curl',
      '--protocol',
      protocol,
      '--cacert',
      join(fixture.folder, 'ca.crt'),
      '-d',
      '{}',
      fixture.url + PING_PATH,
    )
    expect(answer).toMatchObject({ code: 0, stdout: '{}\n' })
  })

  test.each(['HTTP/1.1', 'HTTP/2'])('gives commands to copy with https over %s', async version => {
    const body = version === 'HTTP/2' ? await textOf(connectHttp2(fixture.url, { ca })) : await answerOf(await ask(fixture, '/nope'))
    expect(body).toContain(` https://127.0.0.1:${fixture.port}${PING_PATH}`)
  })

  test('answers a request in clear text at once, with what it expects', async () => {
    const answer = await sendRaw(
      fixture.port,
      `POST ${PING_PATH} HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\n${'x'.repeat(1_000)}`,
    )
    expect(answer).toMatch(
      /^HTTP\/1.1 400 [^]*\{"code":"failed_precondition","message":"this port speaks TLS: got clear text, expected an https address"\}\n$/,
    )
    expect(await sendRaw(fixture.port, 'hello\n')).toMatch(/^HTTP\/1.1 400 /)
  })

  test.each(PROTOCOLS)('says to a client in clear text over %s that it accepts only TLS', async protocol => {
    const client = createClient(PingService, transports(fixture.url.replace('https', 'http'))[protocol]!)
    const error = await client.pingCount({}).catch(ConnectError.from)
    if (protocol.includes('HTTP/2') || protocol === 'gRPC')
      expect(error).toMatchObject({ rawMessage: expect.stringMatching(/Session closed with error code .*(INADEQUATE_SECURITY|12)/) })
    else expect(error).toMatchObject({ rawMessage: 'this port speaks TLS: got clear text, expected an https address' })
  })

  test('gives the reason in a GOAWAY', async () => {
    const session = connectHttp2(fixture.url.replace('https', 'http')).on('error', () => undefined)
    const [code, , data] = (await once(session, 'goaway')) as [number, number, Buffer]
    expect([code, data.toString()]).toEqual([12, 'this port speaks TLS: got clear text, expected an https address'])
    session.destroy()
  })

  test('reports when its certificate expires, and counts and logs failed handshakes, one line per minute', async () => {
    for (let attempt = 0; attempt < 3; attempt++) {
      const refused = connect({ port: fixture.port, host: '127.0.0.1', ca, ALPNProtocols: ['smtp'] })
      await once(refused, 'error')
    }
    await expect.poll(() => fixture.tlsMetrics()).toMatch(/^ping_tls_handshakes_failed_total [3-9]/m)
    const seconds = /^ping_tls_certificate_expiry_seconds (\S+)$/m.exec(await fixture.tlsMetrics())?.[1]
    expect(Math.abs(Number(seconds) * 1_000 - daysFromNow(1).getTime())).toBeLessThan(3_600_000)
    expect(fixture.said.filter(line => line.includes('TLS handshakes failed'))).toEqual([expect.stringContaining('"failed":1')])
  })
})

describe('a changed certificate', () => {
  test('is presented to new connections, while old ones continue; a broken one changes nothing', async () => {
    await using fixture = await startCallersFixture(authority.issue())
    const before = await serialOf(fixture)
    const open = connectHttp2(fixture.url, { ca })
    const next = authority.issue()
    fixture.write(next)
    await expect.poll(() => serialOf(fixture)).not.toBe(before)
    const after = await serialOf(fixture)
    const [headers] = await once(open.request({ ':path': '/livez' }).resume(), 'response')
    expect(headers[':status']).toBe(200)
    open.close()

    fixture.write({ cert: authority.issue().cert })
    await expect.poll(() => fixture.said.join('')).toContain('TLS_KEY_FILE: got a key of another certificate')
    expect(await serialOf(fixture)).toBe(after)
    fixture.write(authority.issue({ notAfter: daysFromNow(-0.5) }))
    await expect.poll(() => fixture.said.join('')).toContain('TLS_CERT_FILE: got a certificate that expired')
    expect(await serialOf(fixture)).toBe(after)
    for (const line of next.key.split('\n').slice(1, 3)) expect(fixture.said.join('')).not.toContain(line)
  })
})

test('the start fails, naming the setting, if certificate or key is missing', async () => {
  const { cert, key } = authority.issue()
  await expect(startCallersFixture({ cert })).rejects.toThrow('TLS_KEY_FILE: got none, expected a file')
  await expect(startCallersFixture({ key })).rejects.toThrow('TLS_CERT_FILE: got none, expected a file')
  await expect(startCallersFixture({ clientCa: ca })).rejects.toThrow('TLS_CERT_FILE: got none, expected a file')
})

describe('limits over TLS', () => {
  test.each(['nothing', 'a handshake that begins', 'a handshake byte by byte'])('%s is cut off', async kind => {
    await using fixture = await startCallersFixture(authority.issue(), { limits: { firstBytesMs: 300 } })
    const socket = createConnection(fixture.port, '127.0.0.1')
    await once(socket, 'connect')
    // A record of 512 bytes.
    const begin = Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3])
    const drip = kind === 'a handshake byte by byte' ? setInterval(() => socket.write(Buffer.of(0)), 20) : undefined
    if (kind !== 'nothing') socket.write(begin)
    // A byte that arrives after the port has closed the connection causes a reset.
    const answer = answerOf(socket).catch((error: NodeJS.ErrnoException) => error.code)
    expect(['', 'ECONNRESET']).toContain(await answer)
    clearInterval(drip)
  })

  test('a connection that ends within its handshake is closed at once', async () => {
    await using fixture = await startCallersFixture(authority.issue(), { limits: { firstBytesMs: 60_000 } })
    const socket = createConnection({ port: fixture.port, host: '127.0.0.1', allowHalfOpen: true })
    socket.end(Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]))
    expect(await answerOf(socket)).toBe('')
  })

  test('a caller that ends its side after the request gets its answer', async () => {
    await using fixture = await startCallersFixture(authority.issue(), { record: () => new Promise(resolve => setTimeout(resolve, 50)) })
    const socket = await secureConnection(fixture, { allowHalfOpen: true } as ConnectionOptions)
    socket.end(`POST ${PING_PATH} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`)
    expect(await answerOf(socket)).toMatch(/^HTTP\/1.1 200 /)
  })

  test('a request whose headers never end is cut off over HTTP/1.1, and a session without requests over HTTP/2', async () => {
    await using fixture = await startCallersFixture(authority.issue(), { limits: { headersMs: 200, firstBytesMs: 200, checkMs: 20 } })
    // The handshake has to be done within that time, too: again, if this machine stood still.
    let slow: TLSSocket | undefined
    await expect.poll(async () => (slow = await secureConnection(fixture).catch(() => undefined))).toBeDefined()
    slow!.write('GET /livez HTTP/1.1\r\nhost: a\r\n')
    expect(await answerOf(slow!)).toMatch(/^(HTTP\/1.1 408 |$)/)
    const session = connectHttp2(fixture.url, { ca }).on('error', () => undefined)
    await once(session, 'close')
  })

  test('a caller that reads late gets every answer, when the next request comes in two records at once', async () => {
    const page = Buffer.alloc(16_777_216, 'x') // more than the buffers in between hold
    const certificate = readCertificate({ ...authority.issue(), clientCa: undefined }, undefined)
    const tls = {
      certificate: { value: () => certificate, onChange: () => undefined, stop: () => undefined },
      asksClients: false,
      failed: () => undefined,
    }
    const port = new OnePort(
      (request, response) =>
        void request.resume().on('end', () => (response as ServerResponse).end(request.url === '/long' ? page : 'short')),
      { limits: DEFAULT_LIMITS, tls, methods: ['GET', 'POST'] },
    )
    const number = await port.listen({ port: 0, portSetting: 'PORT', hosts: ['127.0.0.1'] })
    const proxy = createServer(caller => gather(caller, createConnection(number, '127.0.0.1'))).listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    const socket = await secureConnection(proxy.address() as AddressInfo)
    socket.pause().write('GET /long HTTP/1.1\r\nhost: x\r\n\r\n')
    await wait(100)
    for (const record of ['POST /short HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n', '{}']) socket.write(record)
    await wait(100)
    expect((await answerOf(socket.resume())).match(/HTTP\/1\.1 \d+|short$/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'short'])
    port.stopAccepting()
    port.closeAll()
    proxy.close()
  })

  test('HTTP/2 without ALPN is not served', async () => {
    await using fixture = await startCallersFixture(authority.issue())
    const socket = await secureConnection(fixture)
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    expect(await answerOf(socket)).toMatch(/^HTTP\/1.1 400 /)
  })

  test('a drain answers requests in flight, closes idle connections and cuts off handshakes', async () => {
    const gate = Promise.withResolvers<void>()
    const fixture = await startCallersFixture(authority.issue(), { record: () => gate.promise })
    const idle = await secureConnection(fixture)
    const unfinished = createConnection(fixture.port, '127.0.0.1').on('error', () => undefined)
    unfinished.write(Buffer.of(22, 3, 1))
    const pings = PROTOCOLS.map(protocol => createClient(PingService, transports(fixture.url, { nodeOptions: { ca } })[protocol]!).ping({}))
    await expect.poll(() => fixture.http.inFlight()).toBe(PROTOCOLS.length)
    const stopped = fixture.http.stop(600_000)
    setTimeout(gate.resolve, 400)
    await Promise.all([...pings, answerOf(idle), answerOf(unfinished)])
    expect(await stopped).toBe(0)
    await fixture[Symbol.asyncDispose]()
  })

  test('a stop cuts off requests in flight', async () => {
    const fixture = await startCallersFixture(authority.issue(), { record: () => new Promise(() => undefined) })
    const pings = PROTOCOLS.map(protocol =>
      createClient(PingService, transports(fixture.url, { nodeOptions: { ca } })[protocol]!)
        .ping({})
        .catch(ConnectError.from),
    )
    await expect.poll(() => fixture.http.inFlight()).toBe(PROTOCOLS.length)
    expect(await fixture.http.stop(300)).toBe(PROTOCOLS.length)
    await Promise.all(pings)
    await fixture[Symbol.asyncDispose]()
  })
})

describe('client certificates', () => {
  const clients = createAuthority('Clients')
  const client = clients.issue({ names: ['client'] })
  let fixture: CallersFixture
  beforeAll(async () => {
    fixture = await startCallersFixture({ ...authority.issue(), clientCa: clients.cert })
  })
  afterAll(() => fixture[Symbol.asyncDispose]())

  const get = (path: string, options: ConnectionOptions = {}): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      httpsRequest(fixture.url + path, { ca, ...options, agent: new Agent() }, response => resolve(response.resume().statusCode))
        .on('error', reject)
        .end()
    })
  const count = `${COUNT_PATH}?encoding=json&message=%7B%7D`

  test.each(PROTOCOLS)('are asked for over %s', async protocol => {
    const service = (identity: object) =>
      createClient(PingService, transports(fixture.url, { nodeOptions: { ca, ...identity } })[protocol]!)
    await service(client).ping({})
    const wrong = [
      [{}, 'client certificate: got none, expected one issued by an authority that this server trusts'],
      [createAuthority('Others').issue(), 'client certificate: got an invalid one (UNABLE_TO_VERIFY_LEAF_SIGNATURE), expected'],
      [clients.issue({ notAfter: daysFromNow(-0.5) }), 'client certificate: got an invalid one (CERT_HAS_EXPIRED), expected'],
    ] as const
    for (const [identity, reason] of wrong) {
      const error = await service(identity).ping({}).catch(ConnectError.from)
      expect(error).toMatchObject({ code: Code.Unauthenticated, rawMessage: expect.stringContaining(reason) })
    }
  })

  test('of a forged authority end the connection or are refused', async () => {
    const forged = createAuthority('Clients').issue()
    for (const protocol of PROTOCOLS) {
      await expect(
        createClient(PingService, transports(fixture.url, { nodeOptions: { ca, ...forged } })[protocol]!).pingCount({}),
      ).rejects.toThrow()
    }
    expect(fixture.counted).toEqual([])
  })

  test('are not required of probes', async () => {
    for (const path of ['/livez', '/readyz', '/healthz']) expect(await get(path)).toBe(200)
    expect(await get('/metrics')).toBe(401)
    expect(await get('/metrics', client)).toBe(200)
    expect(await get(count)).toBe(401)
    expect(await get(count, client)).toBe(200)
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('are checked in every connection: no session of %s is resumed', async version => {
    const first = await secureConnection(fixture, { minVersion: version, maxVersion: version })
    let session = first.getSession()
    first.on('session', given => (session = given))
    first.write('GET /livez HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
    await answerOf(first)
    const again = await secureConnection(fixture, { minVersion: version, maxVersion: version, ...(session && { session }) })
    expect(again.isSessionReused()).toBe(false)
    again.write(`GET ${count} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`)
    expect(await answerOf(again)).toMatch(/^HTTP\/1.1 401 /)
  })

  test('are checked against the authorities that the file now has', async () => {
    await using other = await startCallersFixture({ ...authority.issue(), clientCa: clients.cert })
    const status = async () => {
      const socket = await secureConnection(other, client)
      socket.write(`GET ${count} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`)
      return (await answerOf(socket)).slice(9, 12)
    }
    expect(await status()).toBe('200')
    other.write({ clientCa: createAuthority('Others').cert })
    await expect.poll(status).toBe('401')
  })
})
