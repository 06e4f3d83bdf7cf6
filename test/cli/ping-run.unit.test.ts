import { afterEach, expect, test, vi } from 'vitest'
import { PingRun } from '../../src/cli/run/ping-run.ts'
import type { Sender } from '../../src/cli/run/senders.ts'
import type { PingResult } from '../../src/gen/ping/v1/ping_pb.ts'

const NO_INTERRUPT = { asked: new AbortController().signal, forced: new AbortController().signal, exitCode: () => undefined }

afterEach(() => {
  vi.useRealTimers()
})

test('the latency of a batch ends when its answer arrives, however long its results take to read', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const result = {
    get failure() {
      vi.advanceTimersByTime(1_000)
      return undefined
    },
  } as PingResult
  const sender: Sender = {
    send: async pings => {
      vi.advanceTimersByTime(20)
      return pings.map(() => result)
    },
    close: () => undefined,
  }
  const plan = { pings: 10, batch: 10, timestampMs: undefined, perSecond: undefined, timeoutMs: 5_000 }
  const { acked, latencies } = await new PingRun(plan, { senders: [sender], interrupt: NO_INTERRUPT }).run()
  expect(acked).toBe(10)
  expect(latencies.summary()?.max).toBeLessThan(21)
})
