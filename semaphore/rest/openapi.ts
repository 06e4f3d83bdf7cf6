import type { JsonObject } from '../../src/transport/http/routes/route.ts'
import { failures } from './descriptions.ts'
import type { Operation, Response, RestRoute } from './rest-route.ts'
import { SCHEMAS } from './schemas.ts'

const JSON_TYPE = 'application/json'

/** The version of the paths and their answers, not of the program. */
const VERSION = '1.0.0'

/** The route of the document that describes all routes, and itself. */
export function openApiRoute(routes: readonly RestRoute[]): RestRoute {
  const route: RestRoute = {
    method: 'GET',
    path: '/openapi.json',
    maxBodyBytes: 0,
    example: { path: '/openapi.json' },
    handle: async () => ({ status: 200, json: document }),
    operation: {
      operationId: 'openapi',
      summary: 'Read this document',
      parameters: [],
      responses: { 200: { description: 'This document.', schema: 'Document' }, ...failures() },
    },
  }
  const document = openApiDocument([...routes, route])
  return route
}

/** The document of OpenAPI 3.1. */
function openApiDocument(routes: readonly RestRoute[]): JsonObject {
  const paths: Record<string, Record<string, JsonObject>> = {}
  for (const { path, method, operation } of routes) (paths[path] ??= {})[method.toLowerCase()] = operationJson(operation)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Semaphore',
      version: VERSION,
      description:
        'Lets a limited number of commands at a time reach a resource; the others wait in its queue. Every answer to a change comes after the commit. The same as the Connect service semaphore.v1.SemaphoreService.',
    },
    security: [{}, { token: [] }],
    paths,
    components: { schemas: SCHEMAS, securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  }
}

function operationJson({ operationId, summary, description, parameters, requestBody, responses }: Operation): JsonObject {
  return {
    operationId,
    summary,
    description,
    parameters: parameters.map(parameter => ({ ...parameter })),
    requestBody: requestBody && { ...requestBody },
    responses: Object.fromEntries(Object.entries(responses).map(([status, response]) => [status, responseJson(response)])),
  }
}

function responseJson({ description, schema, headers }: Response): JsonObject {
  return { description, headers, content: { [JSON_TYPE]: { schema: { $ref: `#/components/schemas/${schema}` } } } }
}
