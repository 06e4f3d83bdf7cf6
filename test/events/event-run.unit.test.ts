import { describe, expect, test } from 'vitest'
import { firstOfRun, restOfRun, type EventRun } from '../../src/events/event-run.ts'
import { callerContext } from '../support/recording-tracing.ts'

const pings = Array.from({ length: 5 }, (_, index) => ({ id: `id ${index}`, timestampMs: 0n }))
const run = (...traced: readonly number[]): EventRun => ({
  lane: 3,
  firstSeq: 11n,
  tag: 7n,
  previousTag: 6n,
  pings,
  traces: { sinceMs: 1_000, contexts: new Map(traced.map(index => [index, callerContext(index)])) },
})
/** The pings with a trace: the id, and the number of the trace. */
const tracedIn = ({ pings: some, traces }: EventRun) =>
  [...(traces?.contexts ?? [])].map(([index, { traceId }]) => `${some[index]?.id}: ${Number.parseInt(traceId.replaceAll('a', ''), 16)}`)

describe('a run that is sent in two parts', () => {
  test.each([
    [1, [], ['id 1: 1', 'id 4: 4']],
    [2, ['id 1: 1'], ['id 4: 4']],
    [4, ['id 1: 1'], ['id 4: 4']],
  ])('keeps each trace at its ping, if the first part has %i', (count, first, rest) => {
    expect(tracedIn(firstOfRun(run(1, 4), count))).toEqual(first)
    expect(tracedIn(restOfRun(run(1, 4), count))).toEqual(rest)
    expect(restOfRun(run(1, 4), count).traces?.sinceMs).toBe(1_000)
  })

  test('has no traces in a part without a traced ping', () => {
    expect(firstOfRun(run(4), 4).traces).toBeUndefined()
    expect(restOfRun(run(0), 1).traces).toBeUndefined()
  })

  test('that is sent whole keeps all of them', () => expect(tracedIn(firstOfRun(run(0, 4), 5))).toEqual(['id 0: 0', 'id 4: 4']))
})
