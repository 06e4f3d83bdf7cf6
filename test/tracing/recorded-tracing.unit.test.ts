import { expect, test } from 'vitest'
import { SPANS } from '../../src/tracing/names.ts'
import { RecordedTracing } from '../support/recorded-tracing.ts'

test('the recorded tracing of tests keeps spans with their parents, and none of an unsampled parent', () => {
  const tracing = new RecordedTracing()
  const first = tracing.begin(SPANS.batch, { kind: 'client', attributes: { 'ping.lane': 1 } })
  const second = tracing.begin(SPANS.send('topic'), { kind: 'producer', parent: first?.context })
  second?.set({ 'ping.count': 2 })
  second?.end(new Error('no'))
  second?.end()
  expect(tracing.begin(SPANS.batch, { kind: 'client', parent: { ...first!.context, isSampled: false } })).toBeUndefined()
  expect(tracing.spans.map(({ name, isEnded, error }) => ({ name, isEnded, error }))).toEqual([
    { name: 'record batch', isEnded: false, error: undefined },
    { name: 'send topic', isEnded: true, error: new Error('no') },
  ])
  expect(second?.context).toMatchObject({ traceId: first?.context.traceId, isSampled: true })
  expect(tracing.of('send topic')[0]?.attributes).toEqual({ 'ping.count': 2 })
})
