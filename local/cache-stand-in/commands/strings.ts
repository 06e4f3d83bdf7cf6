import { add64, int64, INT64_MAX, INT64_MIN, SYNTAX_ERROR } from '../arguments.ts'
import { growing, on, type Commands } from '../command.ts'
import type { Keyspace } from '../keyspace.ts'
import { CommandError, OK, type Reply } from '../reply.ts'

export const strings: Commands = {
  get: on(2, (keys, [key = '']) => keys.string(key) ?? null),
  set: growing(-3, set),
  mget: on(-2, (keys, names) => names.map(key => (keys.type(key) === 'string' ? (keys.string(key) ?? null) : null))),
  strlen: on(2, (keys, [key = '']) => keys.string(key)?.length ?? 0),
  incr: growing(2, (keys, [key = '']) => increase(keys, key, 1n)),
  decr: growing(2, (keys, [key = '']) => increase(keys, key, -1n)),
  incrby: growing(3, (keys, [key = '', by = '']) => increase(keys, key, int64(by))),
  decrby: growing(3, (keys, [key = '', by = '']) => {
    const amount = int64(by)
    if (amount === INT64_MIN) throw new CommandError('ERR decrement would overflow')
    return increase(keys, key, -amount)
  }),
}

function increase(keys: Keyspace, key: string, by: bigint): bigint {
  const value = add64(int64(keys.string(key) ?? '0'), by)
  keys.setString(key, String(value), true)
  return value
}

/** SET key value [NX | XX] [GET] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL] */
function set(keys: Keyspace, [key = '', value = '', ...options]: readonly string[]): Reply {
  const { only, get, expiry, keep } = setOptions(options)
  const expiresAtMs = expiry && expiryMs(expiry.option, expiry.amount)
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
  expiry?: { readonly option: string; readonly amount: string }
}

function setOptions(options: readonly string[]): SetOptions {
  const found: SetOptions = { get: false, keep: false }
  for (let i = 0; i < options.length; i++) {
    const option = options[i]?.toUpperCase()
    const next = options[i + 1]
    if ((option === 'NX' || option === 'XX') && (found.only ?? option) === option) found.only = option
    else if (option === 'GET') found.get = true
    else if (option === 'KEEPTTL' && !found.expiry) found.keep = true
    else if (/^(EX|PX)(AT)?$/.test(option ?? '') && next !== undefined && (found.expiry?.option ?? option) === option && !found.keep) {
      found.expiry = { option: option!, amount: next }
      i++
    } else throw new CommandError(SYNTAX_ERROR)
  }
  return found
}

function expiryMs(option: string, text: string): bigint {
  const amount = int64(text)
  const ms = option.startsWith('EX') ? amount * 1000n : amount
  const atMs = option.endsWith('AT') ? ms : ms + BigInt(Date.now())
  if (amount <= 0n || atMs > INT64_MAX) throw new CommandError(`ERR invalid expire time in 'set' command`)
  return atMs
}
