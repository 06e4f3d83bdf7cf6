import type { RouteAnswer, RouteRequest } from '../../src/transport/http/routes/route.ts'
import { MAX_PRIORITY } from '../calls/bounds.ts'
import type { SemaphoreCalls } from '../calls/semaphore-calls.ts'
import type { SemaphoreQuestions } from '../calls/semaphore-questions.ts'
import { COMMAND_ID, failures, HEADERS, RESOURCE_ID, TOKEN, WHEN } from './descriptions.ts'
import { commandDetailJson, idsAnswer } from './json.ts'
import {
  checkedCommand,
  queryFields,
  requestedChoice,
  requestedCommand,
  requestedInteger,
  requestedResource,
  requestedToken,
} from './requested.ts'
import type { Operation, RestRoute } from './rest-route.ts'

const COMMAND_HEADER = 'command-id'
const PRIORITY_HEADER = 'priority'
const EXAMPLE_BODY = { body: 'This is a message.', contentType: 'text/plain' }

export interface CommandRoutesOptions {
  readonly calls: SemaphoreCalls
  readonly questions: SemaphoreQuestions
  /** Maximum size of a command, in bytes. */
  readonly maxCommandBytes: number
}

/** Submitting, cancelling and reading commands. */
export function commandRoutes({ calls, questions, maxCommandBytes }: CommandRoutesOptions): readonly RestRoute[] {
  return [
    {
      method: 'POST',
      path: '/command',
      maxBodyBytes: maxCommandBytes,
      example: { path: '/command', ...EXAMPLE_BODY },
      handle: request => submit(calls, request, undefined),
      operation: submitOperation('submitToNewResource', 'Submit a command to a new resource with a random id', false),
    },
    {
      method: 'POST',
      path: '/command/{resourceId}',
      maxBodyBytes: maxCommandBytes,
      example: { path: '/command/printer-1', ...EXAMPLE_BODY },
      handle: request => submit(calls, request, requestedResource(request)),
      operation: submitOperation('submit', 'Submit a command to a resource', true),
    },
    {
      method: 'DELETE',
      path: '/command/{resourceId}/{commandId}',
      maxBodyBytes: 0,
      example: { path: '/command/printer-1/job-1' },
      handle: request => cancel(calls, request),
      operation: cancelOperation,
    },
    {
      method: 'GET',
      path: '/command/{commandId}',
      maxBodyBytes: 0,
      example: { path: '/command/job-1' },
      async handle(request) {
        queryFields(request, [])
        return { status: 200, json: commandDetailJson(await questions.command(requestedCommand(request))) }
      },
      operation: {
        operationId: 'getCommand',
        summary: 'Read the state of a command',
        parameters: [COMMAND_ID],
        responses: { 200: { description: 'The command.', schema: 'CommandDetail' }, ...failures(404) },
      },
    },
  ]
}

async function submit(calls: SemaphoreCalls, request: RouteRequest, resource: string | undefined): Promise<RouteAnswer> {
  queryFields(request, [])
  const id = request.header(COMMAND_HEADER)
  const commandId = id === undefined ? undefined : checkedCommand(`header ${COMMAND_HEADER}`, id)
  const priority = requestedInteger(`header ${PRIORITY_HEADER}`, request.header(PRIORITY_HEADER) ?? '0', 0, MAX_PRIORITY)
  const submitted = await calls.submit({ resource, commandId, payload: request.body, priority })
  const answer = idsAnswer(submitted.repeated ? 200 : 201, submitted, submitted)
  return { ...answer, headers: { ...answer.headers, location: `/command/${encodeURIComponent(submitted.commandId)}` } }
}

async function cancel(calls: SemaphoreCalls, request: RouteRequest): Promise<RouteAnswer> {
  const fields = queryFields(request, [TOKEN.name, WHEN.name])
  const ids = { resource: requestedResource(request), commandId: requestedCommand(request) }
  const when = requestedChoice(WHEN.name, fields.get(WHEN.name) ?? 'now', ['now', 'confirmed'])
  return idsAnswer(200, ids, await calls.cancel({ ...ids, ...requestedToken(fields.get(TOKEN.name)), when }))
}

function submitOperation(operationId: string, summary: string, namesResource: boolean): Operation {
  const done = { schema: 'Ids', headers: { ...HEADERS, location: { description: 'The path of the command.', schema: { type: 'string' } } } }
  return {
    operationId,
    summary,
    description:
      'The body is the command: bytes of any content type, which the semaphore does not read. The answer comes after the commit. To repeat a request whose answer was lost, send it with the same resource and the same command-id.',
    parameters: [
      ...(namesResource ? [RESOURCE_ID] : []),
      {
        ...COMMAND_ID,
        name: COMMAND_HEADER,
        in: 'header',
        required: false,
        description: 'The id of the command. If absent, the server creates a UUID.',
      },
      {
        name: PRIORITY_HEADER,
        in: 'header',
        description: '9 is the most urgent. A command that has waited long enough is served before newer ones of a higher priority.',
        schema: { type: 'integer', minimum: 0, maximum: MAX_PRIORITY, default: 0 },
      },
    ],
    requestBody: {
      required: false,
      description: 'The command.',
      content: { 'text/plain': { schema: { type: 'string' } }, '*/*': { schema: {} } },
    },
    responses: {
      201: { description: 'The command is accepted: it waits or runs.', ...done },
      200: {
        description:
          'The command was accepted before with this id, and nothing was changed. After a failure of Postgres also for the first request: the server repeated it on its own.',
        ...done,
      },
      ...failures(409, 429),
    },
  }
}

const cancelOperation: Operation = {
  operationId: 'cancel',
  summary: 'Cancel a command',
  description: 'A waiting command leaves the queue at once. To cancel a cancelled command again changes nothing.',
  parameters: [RESOURCE_ID, COMMAND_ID, TOKEN, WHEN],
  responses: {
    200: {
      description: 'The command is cancelled, or its cancellation waits for its holder: see command-state.',
      schema: 'Ids',
      headers: HEADERS,
    },
    ...failures(404, 409, 429),
  },
}
