import { MAX_LIMIT, MAX_MS } from '../calls/bounds.ts'
import type { SemaphoreCalls } from '../calls/semaphore-calls.ts'
import type { SemaphoreQuestions } from '../calls/semaphore-questions.ts'
import { failures, PAGE, RESOURCE_ID } from './descriptions.ts'
import { commandJson, limitsJson, resourceJson } from './json.ts'
import { requestedLimits } from './requested-limits.ts'
import { queryFields, requestedPage, requestedResource } from './requested.ts'
import type { RestRoute, Schema } from './rest-route.ts'

/** Five short fields. */
const MAX_BODY_BYTES = 1_024

export interface ResourceRoutesOptions {
  readonly calls: SemaphoreCalls
  readonly questions: SemaphoreQuestions
}

/** Reading resources and their queues, and changing their limits. */
export function resourceRoutes({ calls, questions }: ResourceRoutesOptions): readonly RestRoute[] {
  return [
    {
      method: 'GET',
      path: '/resource',
      maxBodyBytes: 0,
      example: { path: '/resource' },
      async handle(request) {
        const { items, next } = await questions.resources(requestedPage(request))
        return { status: 200, json: { resources: items.map(resourceJson), next } }
      },
      operation: {
        operationId: 'listResources',
        summary: 'List the resources by id',
        parameters: PAGE,
        responses: { 200: { description: 'A page of the resources.', schema: 'Resources' }, ...failures() },
      },
    },
    {
      method: 'GET',
      path: '/resource/{resourceId}',
      maxBodyBytes: 0,
      example: { path: '/resource/printer-1' },
      async handle(request) {
        queryFields(request, [])
        return { status: 200, json: resourceJson(await questions.resource(requestedResource(request))) }
      },
      operation: {
        operationId: 'getResource',
        summary: 'Read the state of a resource',
        parameters: [RESOURCE_ID],
        responses: { 200: { description: 'The resource.', schema: 'ResourceDetail' }, ...failures(404) },
      },
    },
    queueRoute(questions),
    limitsRoute(calls),
  ]
}

function queueRoute(questions: SemaphoreQuestions): RestRoute {
  return {
    method: 'GET',
    path: '/resource/{resourceId}/queue',
    maxBodyBytes: 0,
    example: { path: '/resource/printer-1/queue' },
    async handle(request) {
      const { items, next } = await questions.queue(requestedResource(request), requestedPage(request))
      return { status: 200, json: { commands: items.map(commandJson), next } }
    },
    operation: {
      operationId: 'listQueue',
      summary: 'List the commands that wait for a resource, in the order of their turns',
      parameters: [RESOURCE_ID, ...PAGE],
      responses: { 200: { description: 'A page of the queue.', schema: 'Queue' }, ...failures(404) },
    },
  }
}

function limitsRoute(calls: SemaphoreCalls): RestRoute {
  return {
    method: 'PUT',
    path: '/resource/{resourceId}/limits',
    maxBodyBytes: MAX_BODY_BYTES,
    example: { path: '/resource/printer-1/limits', body: '{"running":2}', contentType: 'application/json' },
    async handle(request) {
      queryFields(request, [])
      return { status: 200, json: limitsJson(await calls.setLimits({ resource: requestedResource(request), ...requestedLimits(request) })) }
    },
    operation: {
      operationId: 'setLimits',
      summary: 'Change limits of a resource',
      description:
        'An absent field is unchanged, and null is the default of the server again. Lower limits revoke nothing: what runs goes on, and what waits keeps its place.',
      parameters: [RESOURCE_ID],
      requestBody: { required: true, description: 'The limits to change.', content: { 'application/json': { schema: changes } } },
      responses: { 200: { description: 'The limits that apply now.', schema: 'Limits' }, ...failures(429) },
    },
  }
}

const count: Schema = { type: ['integer', 'null'], minimum: 0, maximum: MAX_LIMIT }
const span: Schema = { type: ['integer', 'null'], minimum: 0, maximum: MAX_MS }
const changes: Schema = {
  type: 'object',
  properties: {
    running: count,
    waiting: count,
    leaseMs: span,
    ageingMs: span,
    rate: { oneOf: [{ $ref: '#/components/schemas/Rate' }, { type: 'null' }] },
  },
  additionalProperties: false,
}
