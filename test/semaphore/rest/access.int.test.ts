import { Code, ConnectError } from '@connectrpc/connect'
import { createMethodUrl } from '@connectrpc/connect/protocol'
import { expect, test } from 'vitest'
import { SemaphoreCalls } from '../../../semaphore/calls/semaphore-calls.ts'
import { SemaphoreQuestions } from '../../../semaphore/calls/semaphore-questions.ts'
import { restRoutes } from '../../../semaphore/rest/rest-routes.ts'
import { semaphoreRoles } from '../../../semaphore/roles.ts'
import { SemaphoreService } from '../../../src/gen/semaphore/v1/semaphore_pb.ts'
import { createAccessCheck } from '../../../src/transport/access/access-check.ts'
import { parseTokens } from '../../../src/transport/access/tokens.ts'
import { tokenLine } from '../../server/callers-fixture.ts'
import { semaphoreClient, startSemaphoreFixture } from '../http-fixture.ts'
import { MemorySemaphore } from '../memory-semaphore.ts'

const ROLES = ['use', 'read', 'metrics']
const TOKENS = parseTokens('TOKENS_FILE', ROLES.map(role => tokenLine(role, `secret-of-${role}`, role)).join('\n'), semaphoreRoles.names)
const access = createAccessCheck({ tokens: () => TOKENS, clientCertificates: false, roles: semaphoreRoles })

const memory = new MemorySemaphore()
const ROUTES = restRoutes({ calls: new SemaphoreCalls(memory), questions: new SemaphoreQuestions(memory), maxCommandBytes: 1 })

/** By the role of the only token that is sent: the status, or 'in' if the request got past the check. */
async function outcomes(send: (headers: Record<string, string>) => Promise<Response>): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {}
  for (const role of ['none', 'unknown', ...ROLES]) {
    const { status, body } = await send(role === 'none' ? {} : { authorization: `Bearer secret-of-${role}` })
    await body?.cancel()
    found[role] = status === 401 || status === 403 ? status : 'in'
  }
  return found
}

const needs = (role: string) => ({ none: 401, unknown: 401, use: 403, read: 403, metrics: 403, [role]: 'in' })

test.each(ROUTES.map(({ method, path, example }) => [method, path, example] as const))(
  '%s %s needs a token with the role of its kind',
  async (method, _, { path, body }) => {
    await using fixture = await startSemaphoreFixture({ access })
    const send = (headers: Record<string, string>) =>
      fetch(fixture.url + path, { method, headers: { ...headers, 'content-type': 'text/plain' }, ...(body !== undefined && { body }) })
    expect(await outcomes(send)).toEqual(needs(method === 'GET' ? 'read' : 'use'))
    if (method === 'GET') expect((await fetch(fixture.url + path, { method: 'HEAD' })).status).toBe(401)
  },
)

test.each(Object.values(SemaphoreService.method).filter(({ methodKind }) => methodKind === 'unary'))(
  '$name needs a token with the role of its kind',
  async method => {
    await using fixture = await startSemaphoreFixture({ access })
    const send = (headers: Record<string, string>) =>
      fetch(fixture.url + createMethodUrl('/', method), {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: '{}',
      })
    expect(await outcomes(send)).toEqual(needs(/^(Get|List)/.test(method.name) ? 'read' : 'use'))
  },
)

test('Watch needs a token with the role read', async () => {
  await using fixture = await startSemaphoreFixture({ access })
  const watch = async (headers: Record<string, string>) => {
    const states = semaphoreClient(fixture).watch({ resourceId: 'none' }, { headers })[Symbol.asyncIterator]()
    return Code[
      await states.next().then(
        () => 0,
        (error: unknown) => ConnectError.from(error).code,
      )
    ]
  }
  expect(await watch({})).toBe('Unauthenticated')
  expect(await watch({ authorization: 'Bearer secret-of-use' })).toBe('PermissionDenied')
  expect(await watch({ authorization: 'Bearer secret-of-read' })).toBe('NotFound')
})
