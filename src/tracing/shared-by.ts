import type { SpanContext } from './trace-context.ts'
import type { SpanOptions } from './tracing.ts'

/** OpenTelemetry's default limit of a span's links. */
const MAX_LINKS = 128

/**
 * Parent and links of a span for work that several traces share, such as a batch. It is a child of the first, so that it is recorded
 * whenever a trace is, and a trace that has the work for itself contains it. It has links to the others, at most 128 in all.
 */
export function sharedBy([parent, ...others]: readonly SpanContext[]): Pick<SpanOptions, 'parent' | 'links'> {
  return { parent, links: others.slice(0, MAX_LINKS) }
}
