import type { PingRequest } from '../../gen/ping/v1/ping_pb.ts'
import { uuidV7 } from '../../runtime/uuid-v7.ts'
import type { Span } from '../../tracing/tracing.ts'
import { invalidInput } from '../../transport/rpc/invalid-input.ts'
import type { RequestedPing } from '../recorder/ping-recorder.ts'

/** First and last ms of google.protobuf.Timestamp: 0001-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z. */
const FIRST_MS = -62_135_596_800_000n
const LAST_MS = 253_402_300_799_999n
/** Any version, any variant, any case: what Postgres' type uuid takes, in its canonical form only. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Checks a request. Throws `InvalidInputError`. */
export function requestedPing(request: PingRequest, span?: Span): RequestedPing {
  const timestampMs = checkedTimestamp(request.timestampMs)
  if (request.pingId === '') return { id: uuidV7(), timestampMs, idGiven: false, span }
  return { id: checkedId(request.pingId), timestampMs, idGiven: true, span }
}

function checkedTimestamp(timestampMs: bigint | undefined): bigint | undefined {
  if (timestampMs === undefined) return undefined
  if (timestampMs >= FIRST_MS && timestampMs <= LAST_MS) return timestampMs
  throw invalidInput('timestamp_ms', timestampMs, `ms of the years 0001 to 9999: ${FIRST_MS} to ${LAST_MS}`)
}

function checkedId(pingId: string): string {
  if (UUID.test(pingId)) return pingId.toLowerCase()
  throw invalidInput('ping_id', pingId, 'a UUID as a string, such as 01890a5d-ac96-774b-bcce-b302099a8057, or nothing')
}
