import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SemaphoreCalls } from '../../../semaphore/calls/semaphore-calls.ts'
import { SemaphoreQuestions } from '../../../semaphore/calls/semaphore-questions.ts'
import { restRoutes } from '../../../semaphore/rest/rest-routes.ts'
import { startSemaphoreFixture, type SemaphoreFixture } from '../http-fixture.ts'
import { MemorySemaphore } from '../memory-semaphore.ts'
import { findFaults, type Schema } from './json-schema.ts'

interface Described {
  readonly operationId: string
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly headers?: Readonly<Record<string, { readonly schema: Schema }>>
        readonly content: { readonly 'application/json': { readonly schema: Schema } }
      }
    >
  >
}
interface Document {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

const memory = new MemorySemaphore()
const ROUTES = restRoutes({ calls: new SemaphoreCalls(memory), questions: new SemaphoreQuestions(memory), maxCommandBytes: 65_536 })

let fixture: SemaphoreFixture
let document: Document
beforeAll(async () => {
  fixture = await startSemaphoreFixture()
  document = (await (await fetch(`${fixture.url}/openapi.json`)).json()) as Document
})
afterAll(() => fixture[Symbol.asyncDispose]())

const describedAs = (method: string, path: string): Described => {
  const found = document.paths[path]?.[method.toLowerCase()]
  if (found === undefined) throw new Error(`${method} ${path} is not in the document`)
  return found
}

/** What is wrong with an answer, by the document. */
async function faultsOf(response: Response, { responses }: Described): Promise<readonly string[]> {
  const described = responses[response.status]
  if (described === undefined) return [`the status ${response.status} is not in the document`]
  const { schemas } = document.components
  const headers = Object.entries(described.headers ?? {}).flatMap(([name, { schema }]) => {
    const text = response.headers.get(name)
    return text === null ? [] : findFaults(/^\d+$/.test(text) ? Number(text) : text, schema, schemas, name)
  })
  return [...headers, ...findFaults(await response.json(), described.content['application/json'].schema, schemas)]
}

describe('GET /openapi.json', () => {
  test('is a document of OpenAPI 3.1 with every route and no other', () => {
    expect(document.openapi).toBe('3.1.0')
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(method => `${method.toUpperCase()} ${path}`),
    )
    expect(described.toSorted()).toEqual(ROUTES.map(({ method, path }) => `${method} ${path}`).toSorted())
    const ids = Object.values(document.paths).flatMap(methods => Object.values(methods).map(({ operationId }) => operationId))
    expect(new Set(ids).size).toBe(ids.length)
  })

  test.each(ROUTES.map(({ method, path }) => [method, path] as const))(
    'describes the parameters of the path of %s %s, and no others',
    (method, path) => {
      const described = describedAs(method, path).parameters.filter(parameter => parameter.in === 'path')
      expect(described.map(({ name }) => name)).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
      expect(described.every(({ required }) => required)).toBe(true)
    },
  )

  test('refers to schemas that exist, and has none that nothing refers to', () => {
    const referred = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name!)
    expect([...new Set(referred)].toSorted()).toEqual(Object.keys(document.components.schemas).toSorted())
  })

  test('is followed by the answer to the example of each route', async () => {
    await fetch(`${fixture.url}/command/printer-1`, { method: 'POST', body: 'x', headers: { 'command-id': 'job-1' } })
    await fetch(`${fixture.url}/command/printer-1`, { method: 'POST', body: 'y', headers: { 'command-id': 'job-2' } })
    // Reads first, while something runs and waits; then what ends the command.
    const order = ['GET', 'PUT', 'POST', 'DELETE']
    for (const { method, path, example } of ROUTES.toSorted((a, b) => order.indexOf(a.method) - order.indexOf(b.method))) {
      const described = describedAs(method, path)
      const { contentType = '', body } = example
      if (body !== undefined) expect(Object.keys(described.requestBody?.content ?? {}), path).toContain(contentType)
      const response = await fetch(fixture.url + example.path, {
        method,
        ...(body !== undefined && { body, headers: { 'content-type': contentType } }),
      })
      const isConflict = method === 'DELETE' // the event of the example has finished it
      expect(isConflict ? response.status : Math.floor(response.status / 100), `${method} ${path}`).toBe(isConflict ? 409 : 2)
      expect(await faultsOf(response, described), `${method} ${path}`).toEqual([])
    }
  })

  test.each([
    ['POST', '/command/{resourceId}', '/command/%00', 400],
    ['POST', '/command/{resourceId}', '/command/full', 429],
    ['POST', '/event/{resourceId}/{commandId}', '/event/full/a?token=7', 409],
    ['POST', '/event/{resourceId}/{commandId}', '/event/full/b', 409],
    ['POST', '/event/{resourceId}/{commandId}', '/event/full/none', 404],
    ['GET', '/resource/{resourceId}', '/resource/none', 404],
    ['GET', '/resource/{resourceId}/queue', '/resource/full/queue?limit=2', 200],
    ['GET', '/command/{commandId}', '/command/a', 200],
    ['GET', '/command/{commandId}', '/command/b', 200],
  ])('is followed by the answer to %s %s at %s, a %i', async (method, path, target, status) => {
    for (const id of ['a', 'b', 'c', 'd'])
      await fetch(`${fixture.url}/command/full`, { method: 'POST', body: Uint8Array.of(255), headers: { 'command-id': id } })
    const response = await fetch(fixture.url + target, { method })
    expect(response.status).toBe(status)
    expect(await faultsOf(response, describedAs(method, path))).toEqual([])
  })
})

describe('the check of answers', () => {
  test.each([
    [{ a: 1, b: 2 }, ['$.b: not in the schema']],
    [{}, ['$.a: missing']],
    [{ a: '1' }, ['$.a: got string, expected integer']],
    [{ a: -1 }, ['$.a: got -1, which is out of range']],
  ])('finds what is wrong with %j', (value, faults) => {
    const schema: Schema = {
      type: 'object',
      properties: { a: { type: 'integer', minimum: 0 } },
      required: ['a'],
      additionalProperties: false,
    }
    expect(findFaults(value, schema, {})).toEqual(faults)
  })
})
