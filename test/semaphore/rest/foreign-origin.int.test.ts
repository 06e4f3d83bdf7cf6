import { connect } from 'node:http2'
import { createMethodUrl } from '@connectrpc/connect/protocol'
import { describe, expect, test } from 'vitest'
import { SemaphoreService } from '../../../src/gen/semaphore/v1/semaphore_pb.ts'
import { startSemaphoreFixture } from '../http-fixture.ts'

const EVIL = { origin: 'http://evil.example' }
const ALLOWED = ['https://page.example']
/** The types that a page may send without asking. */
const SIMPLE_TYPES = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', undefined]
const CHANGES = [
  ['POST', '/command'],
  ['POST', '/command/r'],
  ['POST', '/event/r/a'],
  ['DELETE', '/command/r/a'],
  ['PUT', '/resource/r/limits'],
] as const

describe('a page of another origin', () => {
  test.each(CHANGES)('gets 403 for %s %s, and changes nothing', async (method, path) => {
    await using fixture = await startSemaphoreFixture({ allowedOrigins: ALLOWED })
    const response = await fetch(fixture.url + path, { method, headers: EVIL })
    expect([response.status, await response.json()]).toEqual([
      403,
      {
        code: 'permission_denied',
        message: 'header origin: got "http://evil.example", expected none, the origin of this address, or one that CORS_ORIGINS allows',
      },
    ])
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    expect(fixture.memory.steps).toEqual([])
  })

  test('gets 403 over HTTP/2 before its body has arrived', async () => {
    await using fixture = await startSemaphoreFixture({ allowedOrigins: ALLOWED })
    const session = connect(fixture.url)
    const stream = session.request({ ':method': 'POST', ':path': '/command', 'content-type': 'text/plain', ...EVIL })
    stream.on('error', () => undefined).write('x')
    const status = await new Promise(resolve => stream.once('response', headers => resolve(headers[':status'])))
    session.destroy()
    expect(status).toBe(403)
    expect(fixture.memory.steps).toEqual([])
  })

  test.each(Object.values(SemaphoreService.method).map(method => [method.name, createMethodUrl('/', method)] as const))(
    'cannot call %s without asking the server first',
    async (_, path) => {
      await using fixture = await startSemaphoreFixture({ allowedOrigins: ALLOWED })
      for (const type of SIMPLE_TYPES) {
        const headers: Record<string, string> = type === undefined ? EVIL : { ...EVIL, 'content-type': type }
        const body = new TextEncoder().encode('{"resourceId":"r"}')
        expect((await fetch(fixture.url + path, { method: 'POST', headers, body })).status, type).toBe(415)
      }
      const preflight = { ...EVIL, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' }
      const asked = await fetch(fixture.url + path, { method: 'OPTIONS', headers: preflight })
      expect(asked.headers.get('access-control-allow-origin')).toBeNull()
      expect(fixture.memory.steps).toEqual([])
    },
  )

  test.each(['Submit', 'Finish', 'Extend', 'Cancel', 'SetLimits'])('cannot call %s by a link', async name => {
    await using fixture = await startSemaphoreFixture({ allowedOrigins: ALLOWED })
    const { status } = await fetch(`${fixture.url}/${SemaphoreService.typeName}/${name}?encoding=json&message=%7B%7D`)
    expect(status).toBe(405)
    expect(fixture.memory.steps).toEqual([])
  })
})

describe('callers that may change something', () => {
  test.each([
    ['no page', undefined],
    ['a page of an origin that is allowed', 'https://page.example'],
    ['a page of the address itself', 'own'],
  ])('%s', async (_, origin) => {
    await using fixture = await startSemaphoreFixture({ allowedOrigins: ALLOWED })
    const headers: Record<string, string> = origin === undefined ? {} : { origin: origin === 'own' ? fixture.url : origin }
    expect((await fetch(`${fixture.url}/command`, { method: 'POST', body: 'x', headers })).status).toBe(201)
  })

  test('every page, if every origin is allowed', async () => {
    await using fixture = await startSemaphoreFixture({ allowedOrigins: ['*'] })
    expect((await fetch(`${fixture.url}/command`, { method: 'POST', body: 'x', headers: EVIL })).status).toBe(201)
  })
})
