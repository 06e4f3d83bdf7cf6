import { add64, int64, SYNTAX_ERROR } from '../arguments.ts'
import { on, type Commands } from '../command.ts'
import { CommandError, OK, type Reply } from '../reply.ts'
import type { Keyspace } from '../keyspace.ts'

export const strings: Commands = {
  get: on(2, (keys, [key = '']) => keys.string(key) ?? null),
  set: on(-3, set),
  mget: on(-2, (keys, names) => names.map(key => (keys.type(key) === 'string' ? (keys.string(key) ?? null) : null))),
  strlen: on(2, (keys, [key = '']) => keys.string(key)?.length ?? 0),
  incr: on(2, (keys, [key = '']) => increase(keys, key, 1n)),
  decr: on(2, (keys, [key = '']) => increase(keys, key, -1n)),
  incrby: on(3, (keys, [key = '', by = '']) => increase(keys, key, int64(by))),
  decrby: on(3, (keys, [key = '', by = '']) => increase(keys, key, -int64(by))),
}

function increase(keys: Keyspace, key: string, by: bigint): bigint {
  const value = add64(int64(keys.string(key) ?? '0'), by)
  keys.setString(key, String(value), true)
  return value
}

/** SET key value [NX | XX] [GET] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL] */
function set(keys: Keyspace, [key = '', value = '', ...options]: readonly string[]): Reply {
  const { only, get, expiresAtMs, keep } = setOptions(options)
  const old = get ? (keys.string(key) ?? null) : null
  const refused = (only === 'NX' && keys.has(key)) || (only === 'XX' && !keys.has(key))
  if (refused) return old
  keys.setString(key, value, keep)
  if (expiresAtMs !== undefined) keys.setExpiry(key, expiresAtMs)
  return get ? old : OK
}

interface SetOptions {
  only?: 'NX' | 'XX'
  get: boolean
  keep: boolean
  expiresAtMs?: number
}

function setOptions(options: readonly string[]): SetOptions {
  const found: SetOptions = { get: false, keep: false }
  for (let i = 0; i < options.length; i++) {
    const option = options[i]?.toUpperCase()
    const next = options[i + 1]
    if ((option === 'NX' || option === 'XX') && !found.only) found.only = option
    else if (option === 'GET') found.get = true
    else if (option === 'KEEPTTL' && found.expiresAtMs === undefined) found.keep = true
    else if (/^(EX|PX)(AT)?$/.test(option ?? '') && next !== undefined && found.expiresAtMs === undefined && !found.keep) {
      found.expiresAtMs = expiry(option as string, next)
      i++
    } else throw new CommandError(SYNTAX_ERROR)
  }
  return found
}

function expiry(option: string, text: string): number {
  const amount = Number(int64(text)) * (option.startsWith('EX') ? 1000 : 1)
  if (amount <= 0) throw new CommandError(`ERR invalid expire time in 'set' command`)
  return option.endsWith('AT') ? amount : Date.now() + amount
}
