import { Code } from '@connectrpc/connect'
import { shownText } from '../../src/runtime/shown-text.ts'
import { failed } from '../../src/transport/http/routes/route-error.ts'
import type { RouteAnswer, RouteRequest } from '../../src/transport/http/routes/route.ts'
import { invalidInput } from '../../src/transport/rpc/invalid-input.ts'
import type { SemaphoreCalls } from '../calls/semaphore-calls.ts'
import { COMMAND_ID, failures, HEADERS, RESOURCE_ID, TOKEN, WHEN } from './descriptions.ts'
import { idsAnswer } from './json.ts'
import { jsonBody, queryFields, requestedChoice, requestedCommand, requestedResource, requestedToken, shape, wrong } from './requested.ts'
import type { RestRoute } from './rest-route.ts'

const EVENTS = ['finished', 'extend', 'cancel'] as const
const FIELDS = ['event', TOKEN.name, WHEN.name]
/** Three short fields. */
const MAX_BODY_BYTES = 1_024
const JSON_TYPE = /^application\/json\s*(;|$)/i

/** What has happened to a command: its holder has finished it, or is alive, or it is cancelled. */
export function eventRoute(calls: SemaphoreCalls): RestRoute {
  return {
    method: 'POST',
    path: '/event/{resourceId}/{commandId}',
    maxBodyBytes: MAX_BODY_BYTES,
    example: { path: '/event/printer-1/job-1' },
    handle: request => takeEvent(calls, request),
    operation: {
      operationId: 'event',
      summary: 'Finish a command, extend its lease, or cancel it',
      description:
        'The event is finished unless the query or a JSON body names another. To finish a finished command again, or to confirm a cancellation again, changes nothing. Otherwise, a command that waits, was cancelled or has expired cannot be finished: the answer is 409 and says what has happened to it.',
      parameters: [
        RESOURCE_ID,
        COMMAND_ID,
        {
          name: 'event',
          in: 'query',
          description: 'finished: the slot is free. extend: the lease begins again. cancel: as DELETE of the command.',
          schema: { type: 'string', enum: [...EVENTS], default: 'finished' },
        },
        TOKEN,
        WHEN,
      ],
      requestBody: {
        required: false,
        description: 'The same fields as in the query, as JSON. Each may be in one of both.',
        content: {
          'application/json': {
            schema: {
              type: 'object',
              properties: { event: { type: 'string', enum: [...EVENTS] }, token: TOKEN.schema, when: WHEN.schema },
              additionalProperties: false,
            },
          },
        },
      },
      responses: {
        200: { description: 'The event is applied, or was before.', schema: 'Extended', headers: HEADERS },
        ...failures(404, 409, 429),
      },
    },
  }
}

async function takeEvent(calls: SemaphoreCalls, request: RouteRequest): Promise<RouteAnswer> {
  const type = request.header('content-type')
  // A body that is not read could name another event.
  if (request.body.length > 0 && (type === undefined || !JSON_TYPE.test(type)))
    return failed(
      415,
      Code.InvalidArgument,
      `content-type: got ${type === undefined ? 'none' : shownText(type)}, expected application/json, or no body`,
    )
  const fields = fieldsOf(request)
  const ids = { resource: requestedResource(request), commandId: requestedCommand(request) }
  const call = { ...ids, ...requestedToken(fields.get(TOKEN.name)) }
  const event = requestedChoice('event', fields.get('event') ?? 'finished', EVENTS)
  const when = fields.get(WHEN.name)
  if (when !== undefined && event !== 'cancel') throw invalidInput(WHEN.name, when, `none, because of the event ${event}`)
  switch (event) {
    case 'finished':
      return idsAnswer(200, ids, await calls.finish(call))
    case 'cancel':
      return idsAnswer(200, ids, await calls.cancel({ ...call, when: requestedChoice(WHEN.name, when ?? 'now', ['now', 'confirmed']) }))
    case 'extend': {
      const leaseUntilMs = await calls.extend(call)
      const answer = idsAnswer(200, ids, {})
      return { ...answer, json: { ...answer.json, leaseUntilMs } }
    }
  }
}

/** The fields of the query and of the body. */
function fieldsOf(request: RouteRequest): ReadonlyMap<string, string> {
  const fields = new Map(queryFields(request, FIELDS))
  if (request.body.length === 0) return fields
  for (const [name, value] of Object.entries(jsonBody(request, FIELDS))) {
    if (fields.has(name)) throw wrong(name, 'it in the query and in the body', 'it once')
    const isWhole = typeof value === 'number' && Number.isSafeInteger(value)
    if (typeof value !== 'string' && !(isWhole && name === TOKEN.name)) throw wrong(name, shape(value), 'a JSON string')
    fields.set(name, String(value))
  }
  return fields
}
