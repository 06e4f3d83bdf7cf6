import { Consistency, ConsistencySchema, type PingCountRequest } from '../../gen/ping/v1/ping_pb.ts'
import { invalidInput } from '../../transport/rpc/invalid-input.ts'
import { namesOf } from '../../transport/rpc/json-reading.ts'
import type { Range } from '../count-reader/count.ts'

/** A count as a caller requested it, checked. */
export interface RequestedCount {
  /** Undefined: all pings. */
  readonly range: Range | undefined
  readonly strong: boolean
}

/** Checks a request. Throws `InvalidInputError`. */
export function requestedCount(request: Pick<PingCountRequest, 'timeRange' | 'consistency'>): RequestedCount {
  return { range: checkedRange(request.timeRange), strong: isStrong(request.consistency) }
}

function checkedRange(range: PingCountRequest['timeRange']): Range | undefined {
  if (range === undefined) return undefined
  if (range.start <= range.end) return { startMs: range.start, endMs: range.end }
  throw invalidInput('time_range.start', range.start, `at most time_range.end, which is ${range.end}`)
}

function isStrong(consistency: number): boolean {
  switch (consistency) {
    case Consistency.UNSPECIFIED:
    case Consistency.CACHED:
      return false
    case Consistency.STRONG:
      return true
    default:
      throw invalidInput('consistency', consistency, `one of ${namesOf(ConsistencySchema)}`)
  }
}
