import type { Schema } from './rest-route.ts'

/** The schemas of answers, by name. Answers have no other fields than these, so a test that validates answers finds what is missing here. */

export const INT64: Schema = { type: 'integer', format: 'int64' }
const COUNT: Schema = { type: 'integer', minimum: 0 }
const TIME: Schema = { ...INT64, description: 'Milliseconds since the Unix epoch, by the clock of Postgres.' }
const STATES = ['waiting', 'running', 'cancelling', 'finished', 'cancelled', 'expired']

function object(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter(name => !optional.includes(name))
  return { type: 'object', properties, required, additionalProperties: false }
}

function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` }
}

const COMMAND = {
  commandId: { type: 'string' },
  resourceId: { type: 'string' },
  state: ref('CommandState'),
  priority: { type: 'integer', minimum: 0, maximum: 9 },
  place: { ...INT64, description: "The command's number in its resource: 1, 2, 3 and so on, in the order of commits." },
  token: { ...INT64, description: 'The token of its grant. Absent if it was never granted.' },
  payloadBytes: COUNT,
  submittedAtMs: TIME,
  grantedAtMs: TIME,
  leaseUntilMs: { ...TIME, description: 'When its lease ends. Absent if it holds no slot or has no lease.' },
  cancelRequestedAtMs: { ...TIME, description: 'When a cancellation was requested that its holder has to confirm.' },
  endedAtMs: TIME,
}
const LATER = ['token', 'grantedAtMs', 'leaseUntilMs', 'cancelRequestedAtMs', 'endedAtMs']

const RESOURCE = {
  resourceId: { type: 'string' },
  limits: ref('Limits'),
  running: { ...COUNT, description: 'The number of commands that hold a slot.' },
  waiting: { ...COUNT, description: 'The number of commands that wait.' },
  lastPlace: { ...INT64, description: 'The number of commands that were ever accepted.' },
  lastToken: { ...INT64, description: 'The number of grants that there ever were.' },
}

const NEXT: Schema = { type: 'string', description: 'Pass it on as after. Absent: this is the last page.' }

export const SCHEMAS: Readonly<Record<string, Schema>> = {
  Ids: object({ resourceId: { type: 'string' }, commandId: { type: 'string' } }),
  Extended: object(
    {
      resourceId: { type: 'string' },
      commandId: { type: 'string' },
      leaseUntilMs: { ...TIME, description: 'When the lease ends. Absent after other events, and if the resource has no lease.' },
    },
    ['leaseUntilMs'],
  ),
  CommandState: { type: 'string', enum: STATES },
  Command: object(COMMAND, LATER),
  CommandDetail: object(
    {
      ...COMMAND,
      ahead: {
        ...COUNT,
        description: 'How many commands are granted before it; a high number means "at least". Absent if it does not wait.',
      },
      payload: { type: 'string', description: 'The command itself, if it is UTF-8. Absent once it is over.' },
      payloadBase64: { type: 'string', contentEncoding: 'base64', description: 'The command itself, if it is not UTF-8.' },
    },
    [...LATER, 'ahead', 'payload', 'payloadBase64'],
  ),
  Rate: object({ count: { type: 'integer', minimum: 1 }, windowMs: { type: 'integer', minimum: 1 } }),
  Limits: object({
    running: { ...COUNT, description: 'Maximum number of commands that run at a time.' },
    waiting: { ...COUNT, description: 'Maximum number of commands that wait.' },
    leaseMs: { ...COUNT, description: 'How long a holder may be silent, in ms. 0: no lease.' },
    ageingMs: { ...COUNT, description: 'How much earlier, in ms, each level of priority puts a command in the queue.' },
    rate: { oneOf: [ref('Rate'), { type: 'null' }], description: 'Maximum rate of grants, evenly spaced. null: no limit.' },
  }),
  Resource: object(RESOURCE),
  ResourceDetail: object({
    ...RESOURCE,
    holders: { type: 'array', items: ref('Command'), description: 'The commands that hold a slot, by token; of very many, the first.' },
  }),
  Resources: object({ resources: { type: 'array', items: ref('Resource') }, next: NEXT }, ['next']),
  Queue: object({ commands: { type: 'array', items: ref('Command') }, next: NEXT }, ['next']),
  Document: { type: 'object', required: ['openapi', 'info', 'paths'] },
  Error: object(
    {
      code: { type: 'string', description: 'The kind of failure, as the RPCs name it, such as not_found.' },
      message: { type: 'string', description: 'What was wrong, what was got and what was expected.' },
      reason: {
        type: 'string',
        enum: ['queue_full', 'id_in_use', 'not_running', 'already_over', 'stale_token', 'unknown_command', 'unknown_resource'],
      },
      state: ref('CommandState'),
      token: INT64,
      resourceId: { type: 'string' },
      limit: { ...COUNT, description: 'Maximum number of waiting commands.' },
      waiting: { ...COUNT, description: 'The number of waiting commands.' },
      retryAfterMs: COUNT,
    },
    ['reason', 'state', 'token', 'resourceId', 'limit', 'waiting', 'retryAfterMs'],
  ),
}
