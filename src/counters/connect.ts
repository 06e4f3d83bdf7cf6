import { readFileSync } from 'node:fs'
import { Redis, type RedisOptions } from 'ioredis'
import type { Logger } from '../runtime/logger.ts'
import { wait } from '../runtime/wait.ts'

/** The scripts as commands; the head of each script describes its arguments and replies. */
interface Scripts {
  pingFlush(key: string, ...args: string[]): Promise<[string, string?]>
  pingClaim(key: string, ...args: string[]): Promise<'OK' | 'CLAIMED'>
  pingReplace(key: string, ...args: string[]): Promise<'OK' | 'LOST'>
}

/** A connection to the cache. */
export type Cache = Redis & Scripts

function script(name: string): { lua: string; numberOfKeys: number } {
  return { lua: readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), 'utf8'), numberOfKeys: 1 }
}

/** A connection without an answer for this long is closed, because a host that vanishes silently does not close it. */
const SILENT_FOR_MS = 10_000

export interface CacheOptions {
  readonly log: Logger
  /** A command that is not answered within this time rejects; it may still be executed. In ms. */
  readonly commandTimeoutMs: number
}

/**
 * A connection that reconnects by itself. While it is down, every command rejects at once: commands are neither queued nor
 * sent again, so the caller decides by the state of the cache.
 */
export function createCache(redis: RedisOptions, { log, commandTimeoutMs }: CacheOptions): Cache {
  const cache = new Redis({
    ...redis,
    protocol: 2,
    replyMapping: 'legacy' as const,
    commandTimeout: commandTimeoutMs,
    connectTimeout: 2_000,
    keepAlive: 5_000,
    socketTimeout: SILENT_FOR_MS,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // After a failover the old master may still answer, but does not accept writes: connect to the new one.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
    retryStrategy: (tries: number) => Math.min(1_000, 50 * 2 ** Math.min(tries, 10)),
    scripts: { pingFlush: script('flush'), pingClaim: script('claim'), pingReplace: script('replace') },
  }) as Cache
  let down = false
  cache.on('error', err => {
    if (!down) log.warn({ err }, 'the cache is unreachable, reconnecting')
    down = true
  })
  cache.on('ready', () => {
    if (down) log.info('the cache is reachable again')
    down = false
  })
  return cache
}

/** Resolves when the cache accepts commands, after `limitMs`, or when `signal` is aborted. Commands before that reject. */
export async function connected(cache: Cache, limitMs: number, signal: AbortSignal): Promise<void> {
  if (cache.status === 'ready') return
  const over = new AbortController()
  cache.once('ready', () => over.abort())
  await wait(limitMs, AbortSignal.any([signal, over.signal]))
}
