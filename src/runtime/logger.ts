import { pino, type Logger } from 'pino'
import { standardOutput } from './log-output.ts'

export type { Logger } from 'pino'

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Keys whose values never reach a log line, at any depth up to two. */
const SECRETS = ['password', 'connectionString', 'databaseUrl', 'redisUrl', 'ca', 'key'].flatMap(key => [key, `*.${key}`])

/** What libraries hang on their errors: the command that was refused (AUTH with its password), the URL that was ill-formed, a whole client. */
const TELLTALE = ['command', 'input', 'client', 'connection']

/** An error as it is logged, with its causes. */
function tellError(error: unknown): unknown {
  const told: unknown = pino.stdSerializers.errWithCause(error as Error)
  if (typeof told !== 'object' || told === null) return told
  const kept = Object.entries(told).filter(([key]) => !TELLTALE.includes(key))
  return Object.fromEntries(kept.map(([key, value]) => [key, key === 'cause' ? tellError(value) : value]))
}

/** A structured logger: one JSON line an event, on standard output. What happens to the reader of that never holds up or ends the program. */
export function createLogger(options: { name: string; level: LogLevel }): Logger {
  const { name, level } = options
  const output = standardOutput(
    lines =>
      `${JSON.stringify({ level: pino.levels.values['warn'], time: Date.now(), pid: process.pid, name, lines, msg: 'log lines dropped: nothing read them' })}\n`,
  )
  return pino({ name, level, redact: { paths: SECRETS, censor: '(secret)' }, serializers: { err: tellError } }, output)
}

/** Ends the process once its last lines are out, or after a second. */
export async function exitLogged(code: number, log: Logger): Promise<never> {
  await new Promise<void>(resolve => log.flush(() => resolve()))
  process.exit(code)
}
