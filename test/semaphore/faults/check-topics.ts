import { byResource } from './by-resource.ts'
import { checkEnds } from './check-ends.ts'
import { checkGrants } from './check-grants.ts'
import { checkIdle, type Outage } from './check-idle.ts'
import { checkLimit } from './check-limit.ts'
import { checkOrder } from './check-order.ts'
import { checkRate, type Rate } from './check-rate.ts'
import type { History } from './history.ts'
import type { Violation } from './violation.ts'

export interface Rules {
  /** How many commands of a resource may be granted in a window. Undefined: any number. Only for runs without outages. */
  readonly rateOf?: (resource: string) => Rate | undefined
  /** How many commands of a resource may be out at a time: the highest limit that it had. */
  readonly limitOf: (resource: string) => number
  /** How long a slot may be free while a command waits, in ms. Undefined: not checked. */
  readonly patienceMs?: number
  /** When a part was down, with the time that it takes to recover. */
  readonly outages?: readonly Outage[]
}

/**
 * Finds what the semaphore promised and did not keep, from its four topics alone. It knows nothing of the program, of its database and of
 * its clock. The topics must stamp records at the append (LogAppendTime), on one broker, so that times of different topics can be compared.
 */
export function checkTopics(history: History, { limitOf, rateOf, patienceMs, outages = [] }: Rules): readonly Violation[] {
  return byResource(history).flatMap(resource => {
    const limit = limitOf(resource.name)
    return [
      ...checkGrants(resource),
      ...checkLimit(resource, limit),
      ...checkOrder(resource),
      ...checkEnds(resource),
      ...checkRate(resource, rateOf?.(resource.name)),
      ...(patienceMs === undefined ? [] : checkIdle(resource, limit, patienceMs, outages)),
    ]
  })
}
