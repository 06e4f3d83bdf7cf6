import type { Random } from '../../support/random.ts'

const KEYS = ['a', 'b', 'h', 'h2', '', '\x00\xff', 'ab']
const FIELDS = ['f', 'g', '', '\xc3\x28', 'total', '0']
const VALUES = [
  '',
  '0',
  '1',
  '-1',
  '10',
  'x',
  '\x00\x80\r\n',
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
  '1.5',
  ' 1',
  '+1',
  '01',
  '-0',
  '1e3',
  'ein Wert',
]
/** Never a time at which a key expires while the two are compared. */
const TIMES = [
  '100',
  '-1',
  '0',
  '5000',
  '86400',
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775',
  '9223372036854776',
  'x',
  '',
  '1.0',
]
const PATTERNS = ['*', 'a*', '?', '[a-h]', '[^a]*', '', '*b', '\\a', 'h?']

type Slot = 'key' | 'field' | 'value' | 'time' | 'pattern' | readonly string[]

/** Commands with their arguments; `…` means that the rest may be repeated. */
const SHAPES: readonly (readonly [name: string, ...Slot[]])[] = [
  ['GET', 'key'],
  ['SET', 'key', 'value'],
  ['SET', 'key', 'value', ['NX', 'XX', 'GET', 'KEEPTTL', 'nope'], ['GET', 'nx', 'XX']],
  ['SET', 'key', 'value', ['EX', 'PX', 'ex'], ['100', '0', '-1', 'x', '9223372036854775807'], ['NX', 'XX', 'GET', 'KEEPTTL', 'EX']],
  ['MGET', 'key', 'key'],
  ['STRLEN', 'key'],
  ['INCR', 'key'],
  ['DECR', 'key'],
  ['INCRBY', 'key', 'value'],
  ['DECRBY', 'key', 'value'],
  ['HSET', 'key', 'field', 'value'],
  ['HSET', 'key', 'field', 'value', 'field', 'value'],
  ['HGET', 'key', 'field'],
  ['HMGET', 'key', 'field', 'field'],
  ['HGETALL', 'key'],
  ['HDEL', 'key', 'field'],
  ['HDEL', 'key', 'field', 'field'],
  ['HEXISTS', 'key', 'field'],
  ['HLEN', 'key'],
  ['HKEYS', 'key'],
  ['HVALS', 'key'],
  ['HSTRLEN', 'key', 'field'],
  ['HINCRBY', 'key', 'field', 'value'],
  ['HSCAN', 'key', ['0', 'x'], ['MATCH', 'COUNT', 'no'], 'pattern'],
  ['EXISTS', 'key', 'key'],
  ['DEL', 'key'],
  ['DEL', 'key', 'key'],
  ['TYPE', 'key'],
  ['KEYS', 'pattern'],
  ['DBSIZE'],
  ['SCAN', ['0', '', 'y'], ['MATCH', 'TYPE', 'no'], 'pattern'],
  ['EXPIRE', 'key', 'time'],
  ['EXPIREAT', 'key', ['4000000000', '4000000001', '4000000002', '1', 'x'], ['NX', 'XX', 'gt', 'LT', 'no'], ['NX', 'LT', 'GT', 'xx']],
  ['EXPIREAT', 'key', 'time'],
  ['PEXPIREAT', 'key', 'time'],
  ['PERSIST', 'key'],
  ['TTL', 'key'],
  ['PTTL', 'key'],
  ['SELECT', ['0', '0', '0', '1', '16', '-1', 'x']],
  ['MULTI'],
  ['EXEC'],
  ['EXEC'],
  ['DISCARD'],
  ['WATCH', 'key'],
  ['UNWATCH'],
  ['FLUSHDB'],
  ['ECHO', 'value'],
  ['PING'],
  ['PING', 'value'],
  ['NOPE', 'key'],
]

/** One in ten with one argument too many or too few. */
export function randomCommand(random: Random): readonly string[] {
  const [name, ...slots] = random.pick(SHAPES)
  const args = slots.map(slot => {
    if (slot === 'key') return random.pick(KEYS)
    if (slot === 'field') return random.pick(FIELDS)
    if (slot === 'value') return random.pick(VALUES)
    if (slot === 'time') return random.pick(TIMES)
    return slot === 'pattern' ? random.pick(PATTERNS) : random.pick(slot)
  })
  const cased = random.between(0, 4) === 0 ? name.toLowerCase() : name
  const changed = random.between(0, 20)
  if (changed === 0) return [cased, ...args, random.pick(VALUES)]
  return changed === 1 ? [cased, ...args.slice(0, -1)] : [cased, ...args]
}
