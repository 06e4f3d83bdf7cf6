import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { listenForSignals } from '../../src/runtime/listen-for-signals.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  for (const signal of ['SIGUSR2', 'SIGWINCH'] as const) process.removeAllListeners(signal)
  vi.useRealTimers()
})

test('signals within half a second count as one, and each later signal counts again', () => {
  const got: string[] = []
  listenForSignals(['SIGUSR2', 'SIGWINCH'], { first: signal => got.push(`first ${signal}`), again: signal => got.push(`again ${signal}`) })
  for (const [afterMs, signal] of [
    [0, 'SIGUSR2'],
    [499, 'SIGWINCH'],
    [1, 'SIGWINCH'],
    [0, 'SIGUSR2'],
  ] as const) {
    vi.advanceTimersByTime(afterMs)
    process.emit(signal, signal)
  }
  expect(got).toEqual(['first SIGUSR2', 'again SIGWINCH', 'again SIGUSR2'])
})
