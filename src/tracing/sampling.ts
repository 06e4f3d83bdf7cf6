import type { TracingSettings } from './settings.ts'
import type { SpanContext } from './trace-context.ts'

/** Traces that begin here each second, if no sampler is set: enough to look at, and no burden under any load. */
const NEW_TRACES_PER_SECOND = 10

/** Whether a span is recorded: with the span that caused it, or as the first of a new trace. */
export type Sampling = (parent: SpanContext | undefined) => boolean

export interface Sampler {
  readonly decide: Sampling
  /** For the log. */
  readonly text: string
  /** Set if, in addition, the trace id decides, for the first span as for all others: the share of ids. */
  readonly idRatio?: number
}

/**
 * The sampler that the settings name. It decides before anything of a span is created, so a span that is not recorded costs next to
 * nothing.
 *
 * @param now the monotonic clock, in ms
 * @param random from 0 to 1, exclusive of 1
 */
export function samplerOf(
  { otelSampler, otelSamplerArg = 1 }: Pick<TracingSettings, 'otelSampler' | 'otelSamplerArg'>,
  now: () => number = () => performance.now(),
  random: () => number = Math.random,
): Sampler {
  switch (otelSampler) {
    case undefined:
      return { decide: byParent(limited(now)), text: `traces of callers, and up to ${NEW_TRACES_PER_SECOND} new ones each second` }
    case 'always_on':
      return { decide: () => true, text: 'all traces' }
    case 'always_off':
      return { decide: () => false, text: 'no traces' }
    case 'traceidratio':
      return { decide: () => true, text: `a share of ${otelSamplerArg} of all traces`, idRatio: otelSamplerArg }
    case 'parentbased_always_on':
      return { decide: byParent(() => true), text: 'all traces, except those that callers do not record' }
    case 'parentbased_always_off':
      return { decide: byParent(() => false), text: 'traces of callers' }
    case 'parentbased_traceidratio':
      return { decide: byParent(() => random() < otelSamplerArg), text: `traces of callers, and a share of ${otelSamplerArg} of new ones` }
  }
}

function byParent(begins: () => boolean): Sampling {
  return parent => (parent === undefined ? begins() : parent.isSampled)
}

/** True up to the limit in each second. */
function limited(now: () => number): () => boolean {
  let left = NEW_TRACES_PER_SECOND
  let sinceMs = now()
  return () => {
    const nowMs = now()
    if (nowMs - sinceMs >= 1_000) {
      sinceMs = nowMs
      left = NEW_TRACES_PER_SECOND
    }
    if (left === 0) return false
    left--
    return true
  }
}
