import { cutText } from '../../src/runtime/shown-text.ts'

const LEVELS: Readonly<Record<number, string>> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' }
/** What pino adds to each line and a person at a terminal need not read. */
const UNREAD = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg'])
const LONGEST_VALUE = 160

/** A line of a part; one of our own logs as text instead of JSON. */
export function readable(line: string): string {
  if (!line.startsWith('{"level":')) return line
  try {
    const { level, msg, ...rest } = JSON.parse(line) as Record<string, unknown>
    const fields = Object.entries(rest)
      .filter(([name]) => !UNREAD.has(name))
      .map(([name, value]) => `${name}=${short(value)}`)
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
  return text.length > LONGEST_VALUE ? `${cutText(text, LONGEST_VALUE)}…` : text
}
