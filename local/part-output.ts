import { stripVTControlCharacters } from 'node:util'
import { readable } from './launch/readable-line.ts'
import type { PartName } from './part.ts'

const COLOURS: Readonly<Record<PartName, number>> = { server: 32, processor: 36, kafka: 35, cache: 33, postgres: 34 }
const SAME_WARNING_MS = 10_000
const MAX_WARNINGS = 1_000
const WIDTH = 'processor'.length

/** True for a line that shows nothing, though it may contain colours: Java's logging ends each event with such a line. */
export function isBlank(line: string): boolean {
  return stripVTControlCharacters(line).trim() === ''
}

/** A line of a part, as the terminal shows it: after the part's name, and with Ping's own logs readable. */
export function partLine(part: PartName, line: string, isTerminal: boolean): string {
  const name = part.padEnd(WIDTH)
  const prefix = isTerminal ? `\u001b[${COLOURS[part]}m${name} |\u001b[0m` : `${name} |`
  return `${prefix} ${readable(line)}\n`
}

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
