import { pino, type Logger } from 'pino'
import { standardOutput } from './log-output.ts'

export type { Logger } from 'pino'

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Keys whose values are never logged, up to a depth of two. */
const SECRETS = ['password', 'connectionString', 'databaseUrl', 'redisUrl', 'ca', 'key'].flatMap(key => [key, `*.${key}`])

/** Properties that libraries add to their errors and that may hold secrets: a refused command (AUTH with its password), a malformed URL, a whole client. */
const SECRET_ERROR_KEYS = ['command', 'input', 'client', 'connection']

/** The loggable form of an error, with its causes. */
function serializeError(error: unknown): unknown {
  const serialized: unknown = pino.stdSerializers.errWithCause(error as Error)
  if (typeof serialized !== 'object' || serialized === null) return serialized
  const kept = Object.entries(serialized).filter(([key]) => !SECRET_ERROR_KEYS.includes(key))
  return Object.fromEntries(kept.map(([key, value]) => [key, key === 'cause' ? serializeError(value) : value]))
}

/** A structured logger: one JSON line per event, on standard output. A slow or lost reader never blocks or ends the program. */
export function createLogger(options: { name: string; level: LogLevel }): Logger {
  const { name, level } = options
  const output = standardOutput(
    lines =>
      `${JSON.stringify({ level: pino.levels.values['warn'], time: Date.now(), pid: process.pid, name, lines, msg: 'log lines dropped: nothing read them' })}\n`,
  )
  return pino({ name, level, redact: { paths: SECRETS, censor: '(secret)' }, serializers: { err: serializeError } }, output)
}

/** Ends the process once its last lines are written, or after a second. */
export async function exitLogged(code: number, log: Logger): Promise<never> {
  await new Promise<void>(resolve => log.flush(() => resolve()))
  process.exit(code)
}
