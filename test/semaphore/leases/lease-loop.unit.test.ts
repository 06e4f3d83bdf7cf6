import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { LeaseLoop } from '../../../semaphore/leases/lease-loop.ts'
import { until } from '../../support/programs.ts'
import { untilQuick } from '../../support/until-quick.ts'

/** Half of the time until it would look without being woken. */
const AT_ONCE_MS = 500

interface Due {
  /** By performance.now(). */
  atMs: number | undefined
  isDown: boolean
  /** Called when a look has read what is due. */
  onLook?: (() => void) | undefined
}

async function withLoop(due: Due, body: (loop: LeaseLoop, calls: { looks: number; ticks: number[] }) => Promise<void>): Promise<void> {
  const calls = { looks: 0, ticks: [] as number[] }
  const loop = new LeaseLoop({
    applyDefaults: async () => undefined,
    nextDueInMs: async () => {
      calls.looks++
      if (due.isDown) throw new Error('Postgres is down')
      const inMs = due.atMs === undefined ? undefined : due.atMs - performance.now()
      due.onLook?.()
      return inMs
    },
    tick: async () => {
      calls.ticks.push(performance.now())
      due.atMs = undefined
    },
    tickMs: 5,
    log: pino({ level: 'silent' }),
  })
  loop.start()
  try {
    await body(loop, calls)
  } finally {
    await loop.stop()
  }
}

describe('the loop of leases', () => {
  test('ticks when something is due, and not before', async () => {
    const dueAtMs = performance.now() + 60
    await withLoop({ atMs: dueAtMs, isDown: false }, async (_, calls) => {
      await until('a tick', () => calls.ticks.length > 0)
      expect(calls.ticks[0]!).toBeGreaterThanOrEqual(dueAtMs)
      expect(calls.looks).toBeLessThan(10)
    })
  })

  test('looks again when it is woken, because something may be due earlier now', () =>
    untilQuick(AT_ONCE_MS, () => {
      const due: Due = { atMs: undefined, isDown: false }
      return withLoop(due, async (loop, calls) => {
        await until('a look', () => calls.looks === 1)
        await new Promise(resolve => setTimeout(resolve, 20)) // asleep now
        due.atMs = performance.now()
        loop.wake()
        await until('a tick', () => calls.ticks.length > 0)
      })
    }))

  test('looks again when it is woken during a look, which may not have seen what is due', () =>
    untilQuick(AT_ONCE_MS, () => {
      const due: Due = { atMs: undefined, isDown: false }
      return withLoop(due, async (loop, calls) => {
        due.onLook = () => {
          due.onLook = undefined
          due.atMs = performance.now()
          loop.wake()
        }
        await until('a tick', () => calls.ticks.length > 0)
      })
    }))

  test('goes on after Postgres was down', async () => {
    const due: Due = { atMs: 0, isDown: true }
    await withLoop(due, async (loop, calls) => {
      await until('a look', () => calls.looks === 1)
      await new Promise(resolve => setTimeout(resolve, 20))
      due.isDown = false
      loop.wake()
      await until('a tick', () => calls.ticks.length > 0)
    })
  })
})
