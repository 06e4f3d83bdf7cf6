import type { PartName } from './part.ts'

const SAME_WARNING_MS = 10_000
const MAX_WARNINGS = 1_000

/**
 * Finds the lines that the user need not see: a warning that was shown a moment ago. A part that waits for another one
 * repeats it many times a second, so that more important lines would scroll away.
 */
export class RepeatFilter {
  readonly #shownAtMs = new Map<string, number>()

  isRepeated(part: PartName, line: string, nowMs: number): boolean {
    const said = /^\{"level":[45]0,.*"msg":"(.*?)"\}$/.exec(line)?.[1]
    if (said === undefined) return false
    const key = `${part} ${said}`
    const repeated = nowMs - (this.#shownAtMs.get(key) ?? -Infinity) < SAME_WARNING_MS
    if (!repeated) this.#shownAtMs.set(key, nowMs)
    if (this.#shownAtMs.size > MAX_WARNINGS) this.#shownAtMs.clear()
    return repeated
  }
}
