import { add64, checkCursor, int64, pairsOf, scanFilter } from '../arguments.ts'
import { on, type Commands } from '../command.ts'
import { CommandError, OK, type Reply } from '../reply.ts'
import type { Keyspace } from '../keyspace.ts'

export const hashes: Commands = {
  hset: on(-4, (keys, [key = '', ...fields]) => setFields(keys, 'hset', key, fields)),
  hmset: on(-4, (keys, [key = '', ...fields]) => {
    setFields(keys, 'hmset', key, fields)
    return OK
  }),
  hsetnx: on(4, (keys, [key = '', field = '', value = '']) => (keys.hash(key)?.has(field) ? 0 : keys.setFields(key, [[field, value]]))),
  hget: on(3, (keys, [key = '', field = '']) => keys.hash(key)?.get(field) ?? null),
  hmget: on(-3, (keys, [key = '', ...fields]) => {
    const hash = keys.hash(key)
    return fields.map(field => hash?.get(field) ?? null)
  }),
  hgetall: on(2, (keys, [key = '']) => ({ pairs: [...(keys.hash(key) ?? [])].flat() })),
  hdel: on(-3, (keys, [key = '', ...fields]) => keys.deleteFields(key, fields)),
  hexists: on(3, (keys, [key = '', field = '']) => Number(keys.hash(key)?.has(field) ?? false)),
  hlen: on(2, (keys, [key = '']) => keys.hash(key)?.size ?? 0),
  hkeys: on(2, (keys, [key = '']) => [...(keys.hash(key)?.keys() ?? [])]),
  hvals: on(2, (keys, [key = '']) => [...(keys.hash(key)?.values() ?? [])]),
  hstrlen: on(3, (keys, [key = '', field = '']) => keys.hash(key)?.get(field)?.length ?? 0),
  hincrby: on(4, (keys, [key = '', field = '', by = '']) => {
    const amount = int64(by)
    const value = add64(int64(keys.hash(key)?.get(field) ?? '0', 'ERR hash value is not an integer'), amount)
    keys.setFields(key, [[field, String(value)]])
    return value
  }),
  hscan: on(-3, (keys, [key = '', cursor = '', ...options]): Reply => {
    checkCursor(cursor)
    const matches = scanFilter(options)
    return ['0', [...(keys.hash(key) ?? [])].filter(([field]) => matches(field)).flat()]
  }),
}

function setFields(keys: Keyspace, name: string, key: string, fields: readonly string[]): number {
  if (fields.length % 2 !== 0) throw new CommandError(`ERR wrong number of arguments for '${name}' command`)
  return keys.setFields(key, pairsOf(fields))
}
