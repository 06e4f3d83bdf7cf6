import { describe, expect, test } from 'vitest'
import { ResourceWatches } from '../../../semaphore/calls/resource-watches.ts'
import type { ResourceDetail } from '../../../semaphore/terms/reads.ts'
import { wait } from '../../../src/runtime/wait.ts'

const LIMITS = { running: 1, waiting: 1, leaseMs: 0, ageingMs: 0, rate: undefined }
const STATE: ResourceDetail = { resource: 'r', limits: LIMITS, running: 0, waiting: 0, lastPlace: 0n, lastToken: 0n, holders: [] }

/** Watches of resources that never change. */
function createWatches(intervalMs: number) {
  const seen = { looks: 0 }
  const look = async (): Promise<ResourceDetail> => {
    seen.looks++
    return STATE
  }
  return { watches: new ResourceWatches({ look, intervalMs }), seen }
}

describe('watches', () => {
  test('of a thousand resources look at each less often, so that other reads still get their turn', async () => {
    const { watches, seen } = createWatches(5)
    const ended = new AbortController()
    const startedAt = performance.now()
    await Promise.all(Array.from({ length: 1_000 }, (_, index) => watches.watch(`r${index}`, ended.signal).next()))
    await wait(500)
    const seconds = (performance.now() - startedAt) / 1_000
    ended.abort()
    expect(seen.looks).toBeGreaterThanOrEqual(1_000)
    // The first look at each, then 400 a second on average.
    expect(seen.looks).toBeLessThan(1_000 + 1_000 * seconds)
  })
})
