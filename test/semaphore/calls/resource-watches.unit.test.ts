import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
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

  test('free their memory when they end, although the resource does not change', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const { watches } = createWatches(1)
    const staying = new AbortController()
    const stays = watches.watch('r', staying.signal)
    await stays.next()
    const watchAndLeave = async (): Promise<void> => {
      const ended = new AbortController()
      const states = watches.watch('r', ended.signal)
      await states.next()
      const end = states.next()
      await wait(10)
      ended.abort()
      await end
    }
    const many = (count: number): Promise<unknown> => Promise.all(Array.from({ length: count }, watchAndLeave))
    const held = async (): Promise<number> => {
      await wait(10)
      collect()
      return process.memoryUsage().heapUsed
    }
    await many(1_000) // whatever is made once
    const before = await held()
    for (let round = 0; round < 4; round++) await many(1_000)
    const bytes = ((await held()) - before) / 4_000
    staying.abort()
    expect(bytes).toBeLessThan(50)
  })
})
