import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { createClient, Code, ConnectError, type Interceptor } from '@connectrpc/connect'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Health } from '../../src/gen/grpc/health/v1/health_pb.ts'
import { ServerReflection } from '../../src/gen/grpc/reflection/v1/reflection_pb.ts'
import { PingService } from '../../src/gen/ping/v1/ping_pb.ts'
import { can } from '../support/tiers.ts'
import { startCallersFixture, tokenLine, type CallersFixture } from './callers-fixture.ts'
import { COUNT_PATH, JSON_TYPE, PING_PATH, PROTOCOLS, run, sendRaw, transports } from './http-fixture.ts'

const TOKEN = { writer: 'writer-4f1c8e', reader: 'reader-9a0b7d', scraper: 'scraper-c0ffee', stranger: 'stranger-5ec2e7' } as const
type Holder = keyof typeof TOKEN
const hasCurl = can('curl')

let fixture: CallersFixture
beforeAll(async () => {
  const tokens =
    tokenLine('writer', TOKEN.writer, 'ping') + tokenLine('reader', TOKEN.reader, 'read') + tokenLine('scraper', TOKEN.scraper, 'metrics')
  fixture = await startCallersFixture({ tokens })
})
afterAll(() => fixture[Symbol.asyncDispose]())

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const transport = (protocol: string, holder?: Holder) => {
  const present: Interceptor = next => request => {
    if (holder) request.header.set('authorization', `Bearer ${TOKEN[holder]}`)
    return next(request)
  }
  return transports(fixture.url, { interceptors: [present] })[protocol]!
}
const service = (protocol: string, holder?: Holder) => createClient(PingService, transport(protocol, holder))

describe.each(PROTOCOLS)('over %s', protocol => {
  test('a token with a role may do what the role allows', async () => {
    await service(protocol, 'writer').ping({})
    await service(protocol, 'reader').pingCount({})
  })

  test('a caller without a token, or with an unknown one, is UNAUTHENTICATED and nothing is recorded', async () => {
    const before = fixture.recorded.length
    const [without, unknown] = await Promise.all(
      [undefined, 'stranger' as const].map(holder => service(protocol, holder).ping({}).catch(ConnectError.from)),
    )
    expect(without).toMatchObject({
      code: Code.Unauthenticated,
      rawMessage: 'header authorization: got none, expected Bearer and a token that this server knows',
    })
    expect(unknown).toMatchObject({
      code: Code.Unauthenticated,
      rawMessage: 'header authorization: got an unknown token, expected Bearer and a token that this server knows',
    })
    expect((without as ConnectError).metadata.get('www-authenticate')).toBe('Bearer realm="ping"')
    expect((unknown as ConnectError).metadata.get('www-authenticate')).toBe('Bearer realm="ping", error="invalid_token"')
    expect(fixture.recorded.length).toBe(before)
  })

  test('a caller without the role is PERMISSION_DENIED', async () => {
    const error = (await service(protocol, 'reader').ping({}).catch(ConnectError.from)) as ConnectError
    expect(error).toMatchObject({ code: Code.PermissionDenied, rawMessage: 'token reader: got the role read, expected ping' })
    expect(error.metadata.get('www-authenticate')).toBe('Bearer realm="ping", error="insufficient_scope", scope="ping"')
    expect(await service(protocol, 'writer').pingCount({}).catch(ConnectError.from)).toMatchObject({ code: Code.PermissionDenied })
  })

  test('gRPC health needs no token', async () => {
    expect((await createClient(Health, transport(protocol)).check({})).status).toBe(1)
  })
})

test('reflection needs the role to read', async () => {
  const reflect = async (holder?: Holder) => {
    const client = createClient(ServerReflection, transport('gRPC', holder))
    for await (const { messageResponse } of client.serverReflectionInfo(
      (async function* () {
        yield { messageRequest: { case: 'listServices' as const, value: '' } }
      })(),
    ))
      return messageResponse.case
    return undefined
  }
  expect(await reflect('reader')).toBe('listServicesResponse')
  await expect(reflect()).rejects.toMatchObject({ code: Code.Unauthenticated })
  await expect(reflect('scraper')).rejects.toMatchObject({ code: Code.PermissionDenied })
})

describe('the pages', () => {
  test.each(['/livez', '/readyz', '/healthz'])('%s needs no token', async path =>
    expect((await fetch(fixture.url + path)).status).toBe(200),
  )

  test.each([
    [undefined, 401, 'Bearer realm="ping"'],
    [TOKEN.stranger, 401, 'Bearer realm="ping", error="invalid_token"'],
    [TOKEN.reader, 403, 'Bearer realm="ping", error="insufficient_scope", scope="metrics"'],
    [TOKEN.scraper, 200, null],
  ])('/metrics with %s is %i', async (token, status, challenge) => {
    const answer = await fetch(`${fixture.url}/metrics`, { headers: token === undefined ? {} : bearer(token) })
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([status, challenge])
    expect((await fetch(`${fixture.url}/metrics`, { method: 'HEAD', headers: token === undefined ? {} : bearer(token) })).status).toBe(
      status,
    )
  })

  test('count rejected calls by their code', async () => {
    await service('gRPC')
      .ping({})
      .catch(() => undefined)
    const answer = await fetch(`${fixture.url}/metrics`, { headers: bearer(TOKEN.scraper) })
    expect(await answer.text()).toMatch(/^ping_rpc_total\{method="ping\.v1\.PingService\/Ping",code="unauthenticated"\} [1-9]/m)
  })
})

describe('a token', () => {
  test.runIf(hasCurl)('by curl is enough', async () => {
    const args = ['-sS', '-w', ' %{http_code}', '-H', 'content-type: application/json', '-d', '{}', fixture.url + PING_PATH]
    expect((await run('curl', ['-H', `authorization: bearer ${TOKEN.writer}`, ...args])).stdout).toBe('{} 200')
    expect((await run('curl', args)).stdout).toMatch(/^\{"code":"unauthenticated","message":"header authorization: got none.*\} 401$/)
  })

  test.each([
    [`?access_token=${TOKEN.reader}&encoding=json&message=%7B%7D`],
    [`?encoding=json&message=%7B%7D&authorization=Bearer%20${TOKEN.reader}`],
  ])('in the query is ignored: %s', async query => {
    const answer = await fetch(fixture.url + COUNT_PATH + query)
    expect(answer.status).toBe(401)
    expect(await answer.text()).not.toContain(TOKEN.reader)
  })

  test('sent twice is rejected, the same or not', async () => {
    const headers = `authorization: Bearer ${TOKEN.writer}\r\n`
    const request = (other: string) =>
      `POST ${PING_PATH} HTTP/1.1\r\nhost: a\r\n${headers}${other}content-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}`
    expect(await sendRaw(fixture.port, request(''))).toMatch(/^HTTP\/1.1 200 /)
    for (const other of [headers, `Authorization: Bearer ${TOKEN.stranger}\r\n`]) {
      expect(await sendRaw(fixture.port, request(other))).toMatch(/^HTTP\/1.1 401 [^]*got 2 values/)
    }
  })

  test.runIf(hasCurl)('sent twice is refused over HTTP/2 as well', async () => {
    const args = [
      '-sS',
      '--http2-prior-knowledge',
      '-o',
      '/dev/null',
      '-w',
      '%{http_version} %{http_code}',
      fixture.url + '/metrics',
      '-H',
      `authorization: Bearer ${TOKEN.scraper}`,
    ]
    expect((await run('curl', args)).stdout).toBe('2 200')
    expect((await run('curl', [...args, '-H', `authorization: Bearer ${TOKEN.stranger}`])).stdout).toBe('2 401')
  })

  test('is checked before the body is read', async () => {
    const head = `POST ${PING_PATH} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{`
    const answer = await new Promise<string>(resolve => void sendRaw(fixture.port, head, soFar => resolve(soFar)).catch(() => undefined))
    expect(answer).toMatch(/^HTTP\/1.1 401 /)
  })

  test('may be sent by a page of another origin, as its preflight says', async () => {
    const headers = {
      origin: 'https://page.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    }
    const preflight = await fetch(fixture.url + PING_PATH, { method: 'OPTIONS', headers })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-headers')?.toLowerCase().split(', ')).toContain('authorization')
    const refused = await fetch(fixture.url + PING_PATH, {
      method: 'POST',
      headers: { ...JSON_TYPE, origin: 'https://page.example' },
      body: '{}',
    })
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, '*'])
    expect(refused.headers.get('access-control-expose-headers')?.toLowerCase()).toContain('www-authenticate')
  })

  test('appears in no log line, metric or answer, no matter what is wrong with it', async () => {
    const answers: string[] = []
    const ask = async (path: string, init: RequestInit = {}) => {
      const answer = await fetch(fixture.url + path, init)
      answers.push(await answer.text(), JSON.stringify([...answer.headers]))
    }
    for (const token of Object.values(TOKEN)) {
      for (const path of [PING_PATH, COUNT_PATH, '/metrics', '/nope', '/livez']) {
        for (const authorization of [
          `Bearer ${token}`,
          token,
          `${token} x`,
          `Bearer ${token},${token}`,
          `Basic ${token}`,
          `Bearer  ${token} ${token}`,
        ]) {
          if (path === '/metrics' && authorization === `Bearer ${TOKEN.scraper}`) continue
          await ask(path, { method: 'POST', headers: { ...JSON_TYPE, authorization }, body: '{"x":' })
          await ask(path, { headers: { authorization } })
        }
        await ask(`${path}?access_token=${token}`)
      }
    }
    const metrics = await fetch(`${fixture.url}/metrics`, { headers: bearer(TOKEN.scraper) })
    const shown = [...answers, await metrics.text(), JSON.stringify(fixture.logged), ...fixture.said].join('\n')
    expect(fixture.logged.length).toBeGreaterThan(50)
    for (const token of Object.values(TOKEN)) expect(shown).not.toContain(token)
  })
})

describe('a changed file of tokens', () => {
  test('applies to the next call, on open connections too; a broken one changes nothing', async () => {
    await using other = await startCallersFixture({ tokens: tokenLine('old', 'old-token', 'read') })
    const session = connectHttp2(other.url)
    const status = async (token: string) => {
      const path = `${COUNT_PATH}?encoding=json&message=%7B%7D`
      const [headers] = await once(session.request({ ':path': path, ...bearer(token) }).resume(), 'response')
      return headers[':status']
    }
    expect(await status('old-token')).toBe(200)
    other.write({ tokens: tokenLine('new', 'new-token', 'read') })
    await expect.poll(() => status('new-token')).toBe(200)
    expect(await status('old-token')).toBe(401)
    other.write({ tokens: 'new my-secret-token read\n' })
    await expect.poll(() => other.said.join('')).toContain('TOKENS_FILE: line 1: got a word that is not a SHA-256')
    expect(await status('new-token')).toBe(200)
    expect(other.said.join('')).not.toContain('my-secret')
    session.close()
  })
})
