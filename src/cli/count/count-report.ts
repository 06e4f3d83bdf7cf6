import type { CountAnswer, CountQuestion } from '../client/ping-client.ts'
import { formatDuration } from '../formats/duration.ts'
import type { JsonDocument } from '../output/output.ts'

export function countDocument({ range }: CountQuestion, { count: found, source, ageMs }: CountAnswer): JsonDocument {
  return { count: found, source: source ?? null, ageMs: ageMs ?? null, from: range?.start ?? null, to: range?.end ?? null }
}

/** " (cache, 120 ms old)"; empty if the server does not report it. */
export function originText({ source, ageMs }: Pick<CountAnswer, 'source' | 'ageMs'>): string {
  if (source === undefined) return ''
  return ageMs ? ` (${source}, ${formatDuration(ageMs)} old)` : ` (${source})`
}
