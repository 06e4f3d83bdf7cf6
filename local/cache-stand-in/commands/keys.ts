import { checkCursor, glob, int64, scanFilter, SYNTAX_ERROR } from '../arguments.ts'
import { on, type Command, type Commands } from '../command.ts'
import { CommandError, OK, type Reply } from '../reply.ts'

export const keys: Commands = {
  exists: on(-2, (keyspace, names) => names.filter(key => keyspace.has(key)).length),
  del: on(-2, (keyspace, names) => names.filter(key => keyspace.delete(key)).length),
  unlink: on(-2, (keyspace, names) => names.filter(key => keyspace.delete(key)).length),
  type: on(2, (keyspace, [key = '']) => ({ status: keyspace.type(key) })),
  keys: on(2, (keyspace, [pattern = '']) => keyspace.keys().filter(glob(pattern))),
  dbsize: on(1, keyspace => keyspace.keys().length),
  randomkey: on(1, keyspace => {
    const all = keyspace.keys()
    return all[Math.floor(Math.random() * all.length)] ?? null
  }),
  scan: on(-2, (keyspace, [cursor = '', ...options]): Reply => {
    checkCursor(cursor)
    return ['0', keyspace.keys().filter(scanFilter(options))]
  }),
  expire: expire(1000, false),
  pexpire: expire(1, false),
  expireat: expire(1000, true),
  pexpireat: expire(1, true),
  persist: on(2, (keyspace, [key = '']) => {
    if (keyspace.expiresAtMs(key) === undefined) return 0
    keyspace.setExpiry(key, undefined)
    return 1
  }),
  ttl: timeToLive(1000),
  pttl: timeToLive(1),
  flushdb: { arity: -1, run: ({ session }, [mode]) => flush(mode, () => session.keys().clear()) },
  flushall: { arity: -1, run: ({ store }, [mode]) => flush(mode, () => store.databases.forEach(database => database.clear())) },
}

function expire(unitMs: number, isAbsolute: boolean): Command {
  return on(3, (keyspace, [key = '', amount = '']) => {
    const ms = Number(int64(amount)) * unitMs
    if (!keyspace.has(key)) return 0
    keyspace.setExpiry(key, isAbsolute ? ms : Date.now() + ms)
    return 1
  })
}

function timeToLive(unitMs: number): Command {
  return on(2, (keyspace, [key = '']) => {
    if (!keyspace.has(key)) return -2
    const expiresAtMs = keyspace.expiresAtMs(key)
    return expiresAtMs === undefined ? -1 : Math.max(0, Math.round((expiresAtMs - Date.now()) / unitMs))
  })
}

function flush(mode: string | undefined, clear: () => void): Reply {
  if (mode !== undefined && !/^(a?sync)$/i.test(mode)) throw new CommandError(SYNTAX_ERROR)
  clear()
  return OK
}
