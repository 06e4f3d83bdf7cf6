import { createCache, type Cache } from '../../counters/connect.ts'
import { redisOptions, redisSettings } from '../../counters/settings.ts'
import { reasonOf } from '../client/failures.ts'
import type { Context } from '../context.ts'
import { CliError, EXIT } from '../exit-codes.ts'
import { silentLog } from './silent-log.ts'

/** The cache by REDIS_URL or REDIS_HOST and REDIS_PORT. */
export interface OpenCache {
  readonly cache: Cache
  /** Resolves when it can be used; rejects with the reason if it cannot within --timeout. */
  ready(): Promise<void>
  close(): void
}

export function openCache({ settings, timeoutMs }: Context): OpenCache {
  const cache = createCache(redisOptions(settings(redisSettings)), { log: silentLog, commandTimeoutMs: timeoutMs })
  let broken: unknown
  cache.on('error', error => (broken = error))
  return {
    cache,
    close: () => cache.disconnect(),
    ready: async () => {
      if (cache.status === 'ready') return
      const outcome = await new Promise<'ready' | 'error' | 'time over'>(resolve => {
        const timer = setTimeout(() => resolve('time over'), timeoutMs)
        cache.once('ready', () => resolve('ready')).once('error', () => resolve('error'))
        cache.once('ready', () => clearTimeout(timer)).once('error', () => clearTimeout(timer))
      })
      if (outcome === 'ready') return
      const where = '(set its address with REDIS_URL, or REDIS_HOST and REDIS_PORT)'
      throw new CliError(
        EXIT.unavailable,
        `the cache is unreachable: ${outcome === 'error' ? reasonOf(broken) : 'no connection within --timeout'} ${where}`,
      )
    },
  }
}
