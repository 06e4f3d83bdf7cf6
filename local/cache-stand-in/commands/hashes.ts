import { add64, checkCursor, int64, pairsOf, scanOptions, selects } from '../arguments.ts'
import { growing, on, wrongArity, type Commands } from '../command.ts'
import { CommandError, type Reply } from '../reply.ts'

export const hashes: Commands = {
  hset: growing(-4, (keys, [key = '', ...fields]) => {
    if (fields.length % 2 !== 0) throw new CommandError(wrongArity('hset'))
    return keys.setFields(key, pairsOf(fields))
  }),
  hget: on(3, (keys, [key = '', field = '']) => keys.hash(key)?.get(field) ?? null),
  hmget: on(-3, (keys, [key = '', ...fields]) => {
    const hash = keys.hash(key)
    return fields.map(field => hash?.get(field) ?? null)
  }),
  hgetall: on(2, (keys, [key = '']) => {
    const pairs: string[] = []
    for (const [field, value] of keys.wholeHash(key)) pairs.push(field, value)
    return { pairs }
  }),
  hdel: on(-3, (keys, [key = '', ...fields]) => keys.deleteFields(key, fields)),
  hexists: on(3, (keys, [key = '', field = '']) => Number(keys.hash(key)?.has(field) ?? false)),
  hlen: on(2, (keys, [key = '']) => keys.hash(key)?.size ?? 0),
  hkeys: on(2, (keys, [key = '']) => [...keys.wholeHash(key).keys()]),
  hvals: on(2, (keys, [key = '']) => [...keys.wholeHash(key).values()]),
  hstrlen: on(3, (keys, [key = '', field = '']) => keys.hash(key)?.get(field)?.length ?? 0),
  hincrby: growing(4, (keys, [key = '', field = '', by = '']) => {
    const amount = int64(by)
    const value = add64(int64(keys.hash(key)?.get(field) ?? '0', 'ERR hash value is not an integer'), amount)
    keys.setFields(key, [[field, String(value)]])
    return value
  }),
  hscan: on(-3, (keys, [key = '', cursor = '', ...args]): Reply => {
    checkCursor(cursor)
    if (!keys.hash(key)) return ['0', []]
    const { pattern } = scanOptions(args, false)
    const found: string[] = []
    for (const [field, value] of keys.wholeHash(key)) {
      if (selects(pattern, field, steps => keys.spend(steps))) found.push(field, value)
    }
    return ['0', found]
  }),
}
