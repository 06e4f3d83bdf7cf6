import { BucketUnit as Unit, BucketUnitSchema, type ListBucketsRequest } from '../../gen/ping/v1/ping_pb.ts'
import { InvalidInputError, invalidInput } from '../../transport/rpc/invalid-input.ts'
import type { BucketQuestion } from '../buckets/buckets.ts'
import type { BucketUnit } from '../buckets/calendar.ts'
import { requestedCount } from './requested-count.ts'

const UNITS: Readonly<Partial<Record<Unit, BucketUnit>>> = {
  [Unit.MINUTE]: 'minute',
  [Unit.HOUR]: 'hour',
  [Unit.DAY]: 'day',
  [Unit.WEEK]: 'week',
  [Unit.MONTH]: 'month',
}

/** All but BUCKET_UNIT_UNSPECIFIED. */
const ACCEPTED = BucketUnitSchema.values.flatMap(({ name, number }) => (number in UNITS ? [name] : [])).join(', ')

/** Checks a request; what only the calendar knows is checked there. Throws `InvalidInputError`. */
export function requestedBuckets(request: ListBucketsRequest): BucketQuestion {
  const { range, strong } = requestedCount(request)
  if (range === undefined) throw new InvalidInputError('time_range: got none, expected a start and an end')
  const unit = UNITS[request.unit]
  if (unit === undefined) throw invalidInput('unit', request.unit, `one of ${ACCEPTED}`)
  return { range, unit, timeZone: request.timeZone === '' ? 'UTC' : request.timeZone, strong }
}
