import { cutText } from '../../src/runtime/shown-text.ts'

const LEVELS: Readonly<Record<number, string>> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' }
/** What pino adds to each line and a user at a terminal need not see. */
const HIDDEN_FIELDS = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg'])
const MAX_VALUE = 160

/** A line of a part; a line of Ping's own logs as text instead of JSON. */
export function readableLine(line: string): string {
  if (!line.startsWith('{"level":')) return line
  try {
    const { level, msg, ...rest } = JSON.parse(line) as Record<string, unknown>
    const fields = Object.entries(rest)
      .filter(([name]) => !HIDDEN_FIELDS.has(name))
      .map(([name, value]) => `${name}=${short(value)}`)
    return [LEVELS[Number(level)] ?? level, msg, ...fields].join(' ')
  } catch {
    return line // only looks like one of Ping's
  }
}

/** An error by its message, everything else as JSON; cut if it is long. */
function short(value: unknown): string {
  if (typeof value === 'string' && !/\s/.test(value)) return value
  const message = typeof value === 'object' && value !== null && 'message' in value ? value.message : undefined
  const text = JSON.stringify(message ?? value)
  return text.length > MAX_VALUE ? `${cutText(text, MAX_VALUE)}…` : text
}
