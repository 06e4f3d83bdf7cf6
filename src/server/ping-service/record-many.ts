import { setImmediate } from 'node:timers/promises'
import { create } from '@bufbuild/protobuf'
import { FailureCode, PingFailureSchema, PingResultSchema, type PingRequest, type PingResult } from '../../gen/ping/v1/ping_pb.ts'
import type { Logger } from '../../runtime/logger.ts'
import { logFields } from '../../tracing/log-fields.ts'
import type { Span } from '../../tracing/tracing.ts'
import { QueueFullError } from '../../transport/errors.ts'
import { codeOf } from '../../transport/rpc/connect-error.ts'
import { InvalidInputError, invalidInput } from '../../transport/rpc/invalid-input.ts'
import type { PingRecorder, RequestedPing } from '../recorder/ping-recorder.ts'
import { requestedPing } from './requested-ping.ts'

/** Maximum number of pings in one message: a PingBatch, or one message of a PingStream. */
export const MAX_PINGS = 10_000
/** Other calls get a turn after this many ms: refusing thousands of malformed pings takes a while. */
const TURN_MS = 5
/** The clock is read once per this many pings. */
const PINGS_PER_CLOCK_READ = 256

/** The result of most pings. It is shared and never changed. */
const ACK = create(PingResultSchema)
const UNEXPECTED = 'internal error'

/** Throws `InvalidInputError`. */
export function refuseTooMany({ length }: readonly PingRequest[]): void {
  if (length > MAX_PINGS) throw invalidInput('pings', length, `at most ${MAX_PINGS}`)
}

export interface RecordManyOptions {
  readonly recorder: PingRecorder
  readonly log: Logger
  /** The span of the call. Undefined: it is not traced. */
  readonly span: Span | undefined
}

/** Records the well-formed pings. Resolves to one result per ping, in their order. Never rejects. */
export async function recordMany(requests: readonly PingRequest[], options: RecordManyOptions): Promise<readonly PingResult[]> {
  const { recorder, log, span } = options
  const checked = await checkAll(requests, span)
  const outcomes = await recorder.recordAll(checked.filter(isWellFormed))
  const unexpected = new Set<Error>()
  let next = 0
  const results = checked.map(ping => {
    if (!isWellFormed(ping)) return failed('', ping)
    const error = outcomes[next++]
    if (error === undefined) return ping.idGiven ? ACK : create(PingResultSchema, { pingId: ping.id })
    if (codeOf(error) === undefined) unexpected.add(error)
    return failed(ping.id, error)
  })
  for (const error of unexpected) log.error({ err: error, ...logFields(span) }, 'pings failed')
  return results
}

async function checkAll(requests: readonly PingRequest[], span: Span | undefined): Promise<readonly (RequestedPing | InvalidInputError)[]> {
  const checked: (RequestedPing | InvalidInputError)[] = []
  let turnBegan = performance.now()
  for (const request of requests) {
    checked.push(check(request, span))
    if (checked.length % PINGS_PER_CLOCK_READ > 0 || performance.now() - turnBegan < TURN_MS) continue
    await setImmediate()
    turnBegan = performance.now()
  }
  return checked
}

function isWellFormed(ping: RequestedPing | InvalidInputError): ping is RequestedPing {
  return !(ping instanceof InvalidInputError)
}

function check(request: PingRequest, span: Span | undefined): RequestedPing | InvalidInputError {
  try {
    return requestedPing(request, span)
  } catch (error) {
    if (error instanceof InvalidInputError) return error
    throw error
  }
}

/** The code and message that the same error of Ping would have. */
function failed(pingId: string, error: Error): PingResult {
  const code = codeOf(error)
  const retryAfterMs = error instanceof QueueFullError ? Math.max(1, Math.ceil(error.retryAfterMs)) : 0
  const message = code === undefined ? UNEXPECTED : error.message
  // FailureCode has the numbers of Connect's codes.
  const failure = create(PingFailureSchema, { code: (code ?? FailureCode.INTERNAL) as number as FailureCode, message, retryAfterMs })
  return create(PingResultSchema, { pingId, failure })
}
