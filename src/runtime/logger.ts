import { pino, type Logger } from 'pino'

export type { Logger } from 'pino'

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Keys whose values never reach a log line, at any depth up to two. */
const SECRETS = ['password', 'connectionString', 'databaseUrl', 'redisUrl', 'ca', 'key'].flatMap(key => [key, `*.${key}`])

/** A structured logger: one JSON line an event, on standard output. */
export function createLogger(options: { name: string; level: LogLevel }): Logger {
  return pino({
    name: options.name,
    level: options.level,
    redact: { paths: SECRETS, censor: '(secret)' },
    serializers: { err: pino.stdSerializers.errWithCause },
  })
}
