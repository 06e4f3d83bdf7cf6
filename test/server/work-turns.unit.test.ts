import { create } from '@bufbuild/protobuf'
import { Code } from '@connectrpc/connect'
import { describe, expect, test } from 'vitest'
import { BucketUnit, ListBucketsRequestSchema } from '../../src/gen/ping/v1/ping_pb.ts'
import { createListBuckets } from '../../src/server/ping-service/list-buckets.ts'
import { WorkTurns } from '../../src/server/ping-service/work-turns.ts'
import { toConnectError } from '../../src/transport/rpc/connect-error.ts'

const WORK_MS = 20

function work(): void {
  const endMs = performance.now() + WORK_MS
  while (performance.now() < endMs) continue
}

/** Counts the turns of the event loop until `done`. */
function countTurns() {
  const turns = { now: 0, done: false }
  const count = (): void => {
    turns.now++
    if (!turns.done) setImmediate(count)
  }
  count()
  return turns
}

describe('work turns', () => {
  test('let other work take four parts in five of the time', async () => {
    const turns = new WorkTurns({ what: 'calls' })
    const begun: number[] = []
    await Promise.all(
      Array.from({ length: 3 }, async () => {
        await turns.begin()
        begun.push(performance.now())
        work()
      }),
    )
    for (const between of [begun[1]! - begun[0]!, begun[2]! - begun[1]!]) expect(between).toBeGreaterThan(4.5 * WORK_MS)
  })

  test('are given to callers in order, but first to those that have begun', async () => {
    const turns = new WorkTurns({ what: 'calls' })
    const order: string[] = []
    const caller = async (name: string): Promise<void> => {
      await turns.begin()
      order.push(`${name} begins`)
      await turns.proceed()
      order.push(`${name} proceeds`)
    }
    await Promise.all(['first', 'second'].map(caller))
    expect(order).toEqual(['first begins', 'first proceeds', 'second begins', 'second proceeds'])
  })

  test('are refused with RESOURCE_EXHAUSTED while too many callers wait', async () => {
    const turns = new WorkTurns({ what: 'calls of X', maxWaiting: 2 })
    const waiting = [turns.begin(), turns.begin()]
    const refused = await turns.begin().catch(toConnectError)
    expect(refused).toMatchObject({
      code: Code.ResourceExhausted,
      rawMessage: 'calls of X: got more than 2 that wait, expected at most 2; try again later',
    })
    await Promise.all(waiting)
    await turns.begin()
  })
})

/** Calls ListBuckets several times at once. `list` as in `PingBuckets`, without what it lists. */
async function callListBuckets(calls: number, list: () => void | Promise<void>, answered: (ageMs: number) => void): Promise<void> {
  const listBuckets = createListBuckets({ list: async () => (await list(), { buckets: [], source: 'cache', ageMs: 0 }) })
  const request = create(ListBucketsRequestSchema, { timeRange: { start: 0n, end: 1n }, unit: BucketUnit.DAY })
  const responseHeader = (name: string, value: string): void => {
    if (name === 'ping-count-age-ms') answered(Number(value))
  }
  await Promise.all(Array.from({ length: calls }, () => listBuckets(request, { responseHeader, span: undefined })))
}

describe('ListBuckets', () => {
  test('answers each of many callers in another turn of the event loop', async () => {
    const turns = countTurns()
    const answered = new Set<number>()
    await callListBuckets(
      5,
      () => undefined,
      () => answered.add(turns.now),
    )
    turns.done = true
    expect(answered.size).toBe(5)
  })

  test('answers with the age that the counts have when the answer gets its turn', async () => {
    const first = Promise.withResolvers<void>()
    let lists = 0
    const ages: number[] = []
    const list = (): Promise<void> => {
      if (++lists === 1) return first.promise
      work()
      first.resolve()
      return first.promise
    }
    await callListBuckets(2, list, ageMs => ages.push(ageMs))
    expect(Math.min(...ages)).toBeGreaterThan(3.5 * WORK_MS)
  })
})
