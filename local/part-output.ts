import { stripVTControlCharacters } from 'node:util'
import type { PartName } from './part.ts'

const LEVELS: Readonly<Record<number, string>> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' }
const COLOURS: Readonly<Record<PartName, number>> = { server: 32, processor: 36, kafka: 35, cache: 33, postgres: 34 }
/** What pino adds to each line and a person at a terminal need not read. */
const UNREAD = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg'])
const LONGEST_VALUE = 160
const SAME_WARNING_MS = 10_000
const MOST_WARNINGS = 1_000
const WIDTH = 'processor'.length

/** True for a line that shows nothing, though it may hold colours: Java's logging ends each event with such a one. */
export function isBlank(line: string): boolean {
  return stripVTControlCharacters(line).trim() === ''
}

/** A line of a part, as the terminal shows it: with the part's name before it, and logs of our own readable. */
export function partLine(part: PartName, line: string, isTerminal: boolean): string {
  const name = part.padEnd(WIDTH)
  const prefix = isTerminal ? `\u001b[${COLOURS[part]}m${name} |\u001b[0m` : `${name} |`
  return `${prefix} ${readable(line)}\n`
}

function readable(line: string): string {
  if (!line.startsWith('{"level":')) return line
  try {
    const { level, msg, ...rest } = JSON.parse(line) as Record<string, unknown>
    const fields = Object.entries(rest).filter(([name]) => !UNREAD.has(name)).map(([name, value]) => `${name}=${short(value)}`)
    return [LEVELS[Number(level)] ?? level, msg, ...fields].join(' ')
  } catch {
    return line // only looks like one of ours
  }
}

/** An error by its message, everything else as JSON, and not too much of it. */
function short(value: unknown): string {
  if (typeof value === 'string' && !/\s/.test(value)) return value
  const message = typeof value === 'object' && value !== null && 'message' in value ? value.message : undefined
  const text = JSON.stringify(message ?? value)
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text
}

/**
 * Says which lines a person need not see: a warning that was shown a moment ago. A part that waits for another one
 * says the same many times a second, and what matters would scroll away.
 */
export class RepeatFilter {
  readonly #shownAtMs = new Map<string, number>()

  isRepeated(part: PartName, line: string, nowMs: number): boolean {
    const said = /^\{"level":[45]0,.*"msg":"(.*?)"\}$/.exec(line)?.[1]
    if (said === undefined) return false
    const key = `${part} ${said}`
    const repeated = nowMs - (this.#shownAtMs.get(key) ?? -Infinity) < SAME_WARNING_MS
    if (!repeated) this.#shownAtMs.set(key, nowMs)
    if (this.#shownAtMs.size > MOST_WARNINGS) this.#shownAtMs.clear()
    return repeated
  }
}
