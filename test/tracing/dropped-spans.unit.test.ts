import { pino } from 'pino'
import { expect, test } from 'vitest'
import { DroppedSpans } from '../../src/tracing/dropped-spans.ts'

const MINUTE_MS = 60_000

test('spans that a full queue drops are logged at once, then each minute, and at the end', async () => {
  const logged: number[] = []
  const log = pino({}, { write: (line: string) => void logged.push((JSON.parse(line) as { dropped: number }).dropped) })
  let nowMs = 0
  const dropped = new DroppedSpans({ maxQueue: 2, log, now: () => nowMs })
  const end = (spans: number): void => {
    for (let span = 0; span < spans; span++) dropped.onEnd()
  }
  end(2)
  dropped.taken(1)
  end(1)
  expect(logged).toEqual([])
  end(3)
  nowMs = MINUTE_MS
  end(2)
  expect(logged).toEqual([1, 3])
  await dropped.shutdown()
  expect(logged).toEqual([1, 3, 1])
  await dropped.shutdown()
  expect(logged).toEqual([1, 3, 1])
})
