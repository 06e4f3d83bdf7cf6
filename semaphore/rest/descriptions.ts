import type { Parameter, Response } from './rest-route.ts'
import { INT64 } from './schemas.ts'

/** What several routes have in common, as OpenAPI describes it. */

export const RESOURCE_ID: Parameter = {
  name: 'resourceId',
  in: 'path',
  required: true,
  description: 'The resource, percent-encoded.',
  schema: { type: 'string', minLength: 1, maxLength: 200 },
}

export const COMMAND_ID: Parameter = {
  name: 'commandId',
  in: 'path',
  required: true,
  description: 'The id of the command, percent-encoded.',
  schema: { type: 'string', minLength: 1, maxLength: 200, pattern: '^[ -~]+$' },
}

export const TOKEN: Parameter = {
  name: 'token',
  in: 'query',
  description:
    "The token of the grant that the caller holds. If it is not the command's token, nothing changes. If absent, it is not checked.",
  schema: { ...INT64, minimum: 1 },
}

export const WHEN: Parameter = {
  name: 'when',
  in: 'query',
  description:
    'When the slot of a running command becomes free: now (its token is revoked), or when its holder has confirmed by the event finished or its lease has ended.',
  schema: { type: 'string', enum: ['now', 'confirmed'], default: 'now' },
}

export const PAGE: readonly Parameter[] = [
  {
    name: 'limit',
    in: 'query',
    description: 'Maximum number of items in the page.',
    schema: { type: 'integer', minimum: 1, maximum: 1000, default: 100 },
  },
  { name: 'after', in: 'query', description: 'The field next of the page before.', schema: { type: 'string' } },
]

/** Headers of answers to changes. */
export const HEADERS = {
  'command-state': { description: 'The state of the command.', schema: { $ref: '#/components/schemas/CommandState' } },
  'command-place': { description: "The command's place in its resource, in the order of commits.", schema: INT64 },
  'command-token': { description: "The token of the command's grant. Absent if it was never granted.", schema: INT64 },
  'command-repeated': {
    description: 'true if nothing was changed, because it was done before.',
    schema: { type: 'string', const: 'true' },
  },
} as const

const RETRY_AFTER = { 'retry-after': { description: 'The pause before the next try, in seconds.', schema: { type: 'integer' } } }

const FAILURES: Readonly<Record<number, Response>> = {
  400: { description: 'The request is malformed. Another try would fail too.', schema: 'Error' },
  401: { description: 'The caller has no token that this server knows, or no client certificate.', schema: 'Error' },
  403: {
    description:
      'The token does not have the role that the path needs, or a page of an origin that is not allowed wants to change something.',
    schema: 'Error',
  },
  404: { description: 'The command or the resource is unknown.', schema: 'Error' },
  409: {
    description: 'The state of the command does not allow the change; nothing was changed. The field reason says why.',
    schema: 'Error',
  },
  413: { description: 'The body is too long.', schema: 'Error' },
  415: { description: 'The body is compressed or of another content type.', schema: 'Error' },
  429: {
    description: 'The queue is full, or too many requests wait. Nothing was stored: try again.',
    schema: 'Error',
    headers: RETRY_AFTER,
  },
  500: { description: 'Something unexpected happened.', schema: 'Error' },
  503: { description: 'Postgres does not answer. The change may be made or not: try again with the same ids.', schema: 'Error' },
}

/** The failures of a route: those of every route, and its own. */
export function failures(...own: readonly number[]): Readonly<Record<number, Response>> {
  return Object.fromEntries([400, 401, 403, 413, 415, 500, 503, ...own].map(status => [status, FAILURES[status]!]))
}
