import { until } from '../../support/programs.ts'
import type { Rate } from './check-rate.ts'
import { resourceName, resourceNumber } from './resource-name.ts'

/** The limits of a resource of the load; undefined: the default. */
export interface OwnLimits {
  readonly running?: number
  readonly waiting?: number
  readonly leaseMs?: number
  readonly rate?: Rate
}

const CALL_LIMIT_MS = 30_000
const DEFAULT_RUNNING = 1
/** Few enough that an outage fills the queue, and requests are refused. */
const SHORT_QUEUE = 15
const LEASE_MS = 1_500

/** Some resources have several slots, some a lease, and some a short queue. */
export function ownLimits(number: number): OwnLimits | undefined {
  switch (number % 8) {
    case 1:
      return { running: 3 }
    case 2:
      return { leaseMs: LEASE_MS }
    case 3:
      return { running: 2, leaseMs: LEASE_MS }
    case 4:
      return { waiting: SHORT_QUEUE }
    default:
      return undefined
  }
}

/** Of a resource by its name, for the checker. */
export function runningLimitOf(resource: string): number {
  return ownLimits(resourceNumber(resource))?.running ?? DEFAULT_RUNNING
}

/** Sets them by the semaphore's service. */
export async function setOwnLimits(url: string, resources: number): Promise<void> {
  for (let number = 0; number < resources; number++) {
    const limits = ownLimits(number)
    if (limits) await until(`limits of ${resourceName(number)}`, () => setLimits(url, resourceName(number), limits), CALL_LIMIT_MS)
  }
}

/** True if they are set. */
export async function setLimits(url: string, resourceId: string, limits: OwnLimits): Promise<boolean> {
  const response = await fetch(`${url}/semaphore.v1.SemaphoreService/SetLimits`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceId, ...limits }),
    signal: AbortSignal.timeout(5_000),
  }).catch(() => undefined)
  await response?.body?.cancel()
  return response?.ok ?? false
}
