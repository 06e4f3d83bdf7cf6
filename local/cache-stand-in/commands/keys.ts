import { checkCursor, int64, INT64_MAX, scanOptions, selects, shown, SYNTAX_ERROR } from '../arguments.ts'
import { on, type Command, type Commands } from '../command.ts'
import type { Keyspace } from '../keyspace.ts'
import { CommandError, OK, type Reply } from '../reply.ts'

export const keys: Commands = {
  exists: on(-2, (keyspace, names) => names.filter(key => keyspace.has(key)).length),
  del: on(-2, (keyspace, names) => names.filter(key => keyspace.delete(key)).length),
  unlink: on(-2, (keyspace, names) => names.filter(key => keyspace.delete(key)).length),
  type: on(2, (keyspace, [key = '']) => ({ status: keyspace.type(key) })),
  keys: on(2, (keyspace, [pattern = '']) => selected(keyspace, pattern)),
  dbsize: on(1, keyspace => keyspace.size),
  scan: on(-2, (keyspace, [cursor = '', ...args]): Reply => {
    checkCursor(cursor)
    const { pattern, type } = scanOptions(args, true)
    return ['0', selected(keyspace, pattern).filter(key => type === undefined || keyspace.type(key) === type)]
  }),
  expire: expire('expire', 1000n, false),
  pexpire: expire('pexpire', 1n, false),
  expireat: expire('expireat', 1000n, true),
  pexpireat: expire('pexpireat', 1n, true),
  persist: on(2, (keyspace, [key = '']) => {
    if (keyspace.expiresAtMs(key) === undefined) return 0
    keyspace.setExpiry(key, undefined)
    return 1
  }),
  ttl: timeToLive(1000n),
  pttl: timeToLive(1n),
  flushdb: { arity: -1, run: ({ session }, args) => flush(args, () => session.keys().clear()) },
  flushall: { arity: -1, run: ({ store }, args) => flush(args, () => store.databases.forEach(database => database.clear())) },
}

function selected(keyspace: Keyspace, pattern: string): string[] {
  const found: string[] = []
  for (const key of keyspace.keys()) if (selects(pattern, key, steps => keyspace.spend(steps))) found.push(key)
  return found
}

function expire(name: string, unitMs: bigint, isAbsolute: boolean): Command {
  return on(-3, (keyspace, [key = '', text = '', ...options]) => {
    const permits = expireCondition(options)
    const amount = int64(text)
    const baseMs = isAbsolute ? 0n : BigInt(Date.now())
    const atMs = amount * unitMs + baseMs
    // As Redis, which checks the product and the sum in 64 bits.
    if (atMs > INT64_MAX || amount * unitMs < -INT64_MAX - 1n) throw new CommandError(`ERR invalid expire time in '${name}' command`)
    if (!keyspace.has(key) || !permits(keyspace.expiresAtMs(key), atMs)) return 0
    if (atMs <= BigInt(Date.now())) keyspace.delete(key)
    else keyspace.setExpiry(key, atMs)
    return 1
  })
}

/** NX, XX, GT, LT: how the new time must compare with the old one; no time means that the key never expires. */
function expireCondition(options: readonly string[]): (oldMs: bigint | undefined, newMs: bigint) => boolean {
  const given = new Set<string>()
  for (const option of options) {
    if (!/^(nx|xx|gt|lt)$/i.test(option)) throw new CommandError(`ERR Unsupported option ${shown(option)}`)
    given.add(option.toUpperCase())
  }
  if (given.has('NX') && given.size > 1) throw new CommandError('ERR NX and XX, GT or LT options at the same time are not compatible')
  if (given.has('GT') && given.has('LT')) throw new CommandError('ERR GT and LT options at the same time are not compatible')
  return (oldMs, newMs) => {
    if (given.has('NX')) return oldMs === undefined
    if (given.has('XX') && oldMs === undefined) return false
    if (given.has('GT')) return oldMs !== undefined && newMs > oldMs
    return !given.has('LT') || oldMs === undefined || newMs < oldMs
  }
}

function timeToLive(unitMs: bigint): Command {
  return on(2, (keyspace, [key = '']) => {
    if (!keyspace.has(key)) return -2
    const expiresAtMs = keyspace.expiresAtMs(key)
    if (expiresAtMs === undefined) return -1
    const leftMs = expiresAtMs - BigInt(Date.now())
    return unitMs === 1n ? leftMs : (leftMs + 500n) / unitMs
  })
}

function flush(args: readonly string[], clear: () => void): Reply {
  if (args.length > 1 || !/^(a?sync)?$/i.test(args[0] ?? '') || args[0] === '') throw new CommandError(SYNTAX_ERROR)
  clear()
  return OK
}
