import { Code, ConnectError } from '@connectrpc/connect'
import { describe, expect, test } from 'vitest'
import { ResourceWatches } from '../../../semaphore/calls/resource-watches.ts'
import type { SemaphoreReads } from '../../../semaphore/terms/reads.ts'
import { wait } from '../../../src/runtime/wait.ts'
import { PROTOCOLS } from '../../server/http-fixture.ts'
import { semaphoreClient, startSemaphoreFixture, type SemaphoreFixture } from '../http-fixture.ts'
import { MemorySemaphore } from '../memory-semaphore.ts'

const STREAMING = PROTOCOLS.filter(name => name !== 'Connect, GET')
const submit = (fixture: SemaphoreFixture, commandId: string) => semaphoreClient(fixture).submit({ resourceId: 'r', commandId })

/** A watch of the resource r: `next` resolves to the running, waiting and last token of the next state. */
function watch(
  fixture: SemaphoreFixture,
  options: { readonly protocol?: string; readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
) {
  const { protocol, ...call } = options
  const states = semaphoreClient(fixture, protocol).watch({ resourceId: 'r' }, call)[Symbol.asyncIterator]()
  const next = async () => {
    const { value } = await states.next()
    return value?.resource && [Number(value.resource.running), Number(value.resource.waiting), Number(value.resource.lastToken)]
  }
  /** The error that ends it, after any further states. Undefined: it ended without one. */
  const ended = async () => {
    try {
      while ((await next()) !== undefined) continue
      return undefined
    } catch (error) {
      return ConnectError.from(error)
    }
  }
  return { next, ended }
}

/** Between two states, and between two looks. */
const INTERVAL_MS = 250

describe.each(STREAMING)('a watch over %s', protocol => {
  test('gets the state at once, and again after a change', async () => {
    await using fixture = await startSemaphoreFixture()
    await submit(fixture, 'a')
    const watched = watch(fixture, { protocol })
    expect(await watched.next()).toEqual([1, 0, 1])
    await submit(fixture, 'b')
    expect(await watched.next()).toEqual([1, 1, 1])
  })

  test('ends with UNAVAILABLE when the server drains, which does not wait for it', async () => {
    const fixture = await startSemaphoreFixture()
    await submit(fixture, 'a')
    const watched = watch(fixture, { protocol })
    await watched.next()
    const ended = watched.ended()
    expect(await fixture.http.stop(30_000)).toBe(0)
    expect(await ended).toMatchObject({ code: Code.Unavailable, rawMessage: 'the server is stopping; watch again' })
  })

  test("ends at the caller's deadline", async () => {
    await using fixture = await startSemaphoreFixture()
    await submit(fixture, 'a')
    const watched = watch(fixture, { protocol, timeoutMs: 300 })
    expect(await watched.ended()).toMatchObject({ code: Code.DeadlineExceeded })
  })

  test('of an unknown resource is NOT_FOUND', async () => {
    await using fixture = await startSemaphoreFixture()
    expect(await watch(fixture, { protocol }).ended()).toMatchObject({ code: Code.NotFound })
  })

  test('ends with UNAVAILABLE when the store fails in the middle, and the caller sees no details', async () => {
    const memory = new MemorySemaphore()
    let isDown = false
    const reads = {
      resource: id => (isDown ? Promise.reject(new Error('secret of the inside')) : memory.resource(id)),
    } as Partial<SemaphoreReads> as SemaphoreReads
    await using fixture = await startSemaphoreFixture({ steps: memory, reads })
    await submit(fixture, 'a')
    const watched = watch(fixture, { protocol })
    await watched.next()
    isDown = true
    expect(await watched.ended()).toMatchObject({ code: Code.Unavailable, rawMessage: 'Postgres does not answer; try again' })
  })
})

describe('watches', () => {
  test('share the looks at a resource, and stop looking when the last caller leaves', async () => {
    await using fixture = await startSemaphoreFixture()
    await submit(fixture, 'a')
    const leaving = new AbortController()
    const watches = Array.from({ length: 50 }, () => watch(fixture, { protocol: 'gRPC', signal: leaving.signal }))
    await Promise.all(watches.map(watched => watched.next()))
    const [before, beganMs] = [fixture.memory.looks, performance.now()]
    await expect.poll(() => fixture.memory.looks - before).toBeGreaterThanOrEqual(4)
    expect(fixture.memory.looks - before).toBeLessThanOrEqual(Math.floor((performance.now() - beganMs) / INTERVAL_MS) + 2)
    leaving.abort()
    await expect.poll(() => fixture.http.inFlight()).toBe(0)
    const looksWithin = async (ms: number) => {
      const began = fixture.memory.looks
      await wait(ms)
      return fixture.memory.looks - began
    }
    await expect.poll(() => looksWithin(3 * INTERVAL_MS)).toBe(0)
  })

  test('get no more than four states a second, and the newest one', async () => {
    await using fixture = await startSemaphoreFixture()
    const { setLimits } = semaphoreClient(fixture)
    await setLimits({ resourceId: 'r', running: 1_000 })
    const startedAt = performance.now()
    const watched = watch(fixture)
    expect(await watched.next()).toEqual([0, 0, 0])
    let states = 0
    const seen = (async () => {
      for (let state = await watched.next(); state![0]! < 100; state = await watched.next()) states++
      return states + 1
    })()
    for (let at = 0; at < 100; at++) await submit(fixture, `c${at}`)
    const got = await seen
    expect(got).toBeLessThanOrEqual(Math.floor((performance.now() - startedAt) / INTERVAL_MS) + 1)
  })

  test('begin again on a resource whose looks had failed', async () => {
    const memory = new MemorySemaphore()
    await memory.run({ kind: 'limits', resource: 'r', running: 0 })
    let isDown = false
    const look = async (id: string) => {
      if (isDown) throw new Error('down')
      return (await memory.resource(id))!
    }
    const watches = new ResourceWatches({ look, intervalMs: 5 })
    const ended = new AbortController()
    const failing = watches.watch('r', ended.signal)
    await failing.next()
    isDown = true
    await expect(failing.next()).rejects.toThrow('down')
    isDown = false
    const again = watches.watch('r', ended.signal)
    expect((await again.next()).value).toMatchObject({ resource: 'r' })
    ended.abort()
    await again.return(undefined)
  })
})
