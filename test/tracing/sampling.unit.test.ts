import { describe, expect, test } from 'vitest'
import { samplerOf } from '../../src/tracing/sampling.ts'
import type { TracingSettings } from '../../src/tracing/settings.ts'

const of = (isSampled: boolean) => ({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), isSampled })
const [SAMPLED, UNSAMPLED] = [of(true), of(false)]

describe('without a sampler, a trace', () => {
  test('begins up to ten times a second', () => {
    let nowMs = 5_000
    const { decide } = samplerOf({ otelSampler: undefined, otelSamplerArg: undefined }, () => nowMs)
    const begun = (calls: number) => Array.from({ length: calls }, () => decide(undefined)).filter(Boolean).length
    expect(begun(1_000)).toBe(10)
    nowMs += 999
    expect(begun(1)).toBe(0)
    nowMs += 1
    expect(begun(1_000)).toBe(10)
  })

  test('of a caller goes on if the caller records it, and takes nothing from the ten', () => {
    const { decide } = samplerOf({ otelSampler: undefined, otelSamplerArg: undefined }, () => 0)
    for (let call = 0; call < 100; call++) expect([decide(SAMPLED), decide(UNSAMPLED)]).toEqual([true, false])
    expect(decide(undefined)).toBe(true)
  })
})

describe('the sampler', () => {
  /** Of 1 000 new traces, of a recorded one and of an unrecorded one. */
  const decisions = (otelSampler: TracingSettings['otelSampler'], otelSamplerArg?: number) => {
    let drawn = 0
    const random = () => (drawn++ % 1_000) / 1_000
    const { decide, idRatio } = samplerOf({ otelSampler, otelSamplerArg }, () => 0, random)
    const begun = Array.from({ length: 1_000 }, () => decide(undefined)).filter(Boolean).length
    return [begun, decide(SAMPLED), decide(UNSAMPLED), idRatio]
  }

  test.each([
    ['always_on', undefined, [1_000, true, true, undefined]],
    ['always_off', undefined, [0, false, false, undefined]],
    ['parentbased_always_on', undefined, [1_000, true, false, undefined]],
    ['parentbased_always_off', undefined, [0, true, false, undefined]],
    ['parentbased_traceidratio', undefined, [1_000, true, false, undefined]],
    ['parentbased_traceidratio', 0.01, [10, true, false, undefined]],
    ['parentbased_traceidratio', 0, [0, true, false, undefined]],
    ['traceidratio', 0.25, [1_000, true, true, 0.25]],
  ] as const)('%s with %s decides as OpenTelemetry describes it', (name, ratio, expected) => {
    expect(decisions(name, ratio)).toEqual(expected)
  })
})
