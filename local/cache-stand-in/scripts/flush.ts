import { pairsOf } from '../arguments.ts'
import type { Keyspace } from '../keyspace.ts'
import type { Reply } from '../reply.ts'
import { format, number, text, toNumber, unpack } from './lua.ts'
import type { Twin } from './twin.ts'

/** src/counters/scripts/flush.lua */
export const FLUSH: Twin = { name: 'flush', sha1: '99d28674d39157a03916a4adaa134adf0e519563', run: flush }

interface Minute {
  readonly minute: number
  readonly field: string
  /** Undefined: malformed, which shows when something is added to it. */
  pings: number | undefined
}

function flush(keys: Keyspace, key: string | undefined, argv: readonly string[]): Reply {
  const [lane, start, stop] = argv
  const [pings, asof, most, spare, others] = argv.slice(3, 8).map(toNumber)
  if (key === undefined || keys.type(key) === 'string') return ['INCOMPLETE', 'the key is not a hash']
  const hash = keys.hash(key) ?? new Map<string, string>()
  if (hash.has('claim')) return ['INCOMPLETE', 'claim']

  const names = [`applied:${text(lane)}`, `asof:${lane}`, 'total', 'minutes-from', 'minutes-to'] as const
  const missing = names.find(name => !hash.has(name))
  if (missing !== undefined) return ['INCOMPLETE', missing]
  const applied = hash.get(names[0])!
  const [oldAsof, total, from, to] = names
    .slice(1)
    .map(name => (name === 'minutes-from' && hash.get(name) === '-' ? -Infinity : integer(hash.get(name)!)))
  const isWrong = [!/^\d+:\d+$/.test(applied), ...[oldAsof, total, from, to].map(value => value === undefined)].indexOf(true)
  if (isWrong >= 0) return ['MALFORMED', names[isWrong]!]

  if (applied === stop && start !== stop) return ['ALREADY']
  if (applied !== start) return ['MOVED', applied]

  const minutes = minutesOf(argv.slice(8), from!, to!)
  const added: number[] = []
  unpack(minutes)
  for (const each of minutes) {
    const held = hash.get(each.field)
    const count = held === undefined ? 0 : integer(held)
    if (count === undefined) return ['MALFORMED', each.field]
    if (held === undefined) added.push(each.minute)
    each.pings = number(each.pings) + count
  }

  const excess = hash.size - number(others) + added.length - number(most)
  const dropped = added.length > 0 && excess > 0 ? oldest([...added, ...minutesHeld(keys.wholeHash(key))], excess + number(spare)) : []
  const newFrom = dropped.length > 0 ? dropped.at(-1)! + 1 : from!
  const write = ['total', format(total! + number(pings)), names[0], text(stop)]
  if (asof !== undefined && asof > oldAsof!) write.push(names[1], format(asof))
  if (dropped.length > 0) write.push('minutes-from', format(newFrom))
  for (const { minute, field, pings: count } of minutes) if (minute >= newFrom) write.push(field, format(number(count)))
  keys.setFields(key, pairsOf(unpack(write)))
  keys.deleteFields(
    key,
    dropped.map(minute => `minute:${format(minute)}`),
  )
  return ['OK']
}

function integer(text: string): number | undefined {
  const value = /^-?\d{1,16}$/.test(text) ? Number(text) : undefined
  return value !== undefined && Number.isSafeInteger(value) ? value : undefined
}

/** The minutes that the hash is to hold. */
function minutesOf(args: readonly string[], from: number, to: number): Minute[] {
  const minutes: Minute[] = []
  for (let i = 0; i < args.length; i += 2) {
    const minute = number(toNumber(args[i]))
    if (minute >= from && minute < to) minutes.push({ minute, field: `minute:${args[i]}`, pings: toNumber(args[i + 1]) })
  }
  return minutes
}

function minutesHeld(hash: ReadonlyMap<string, string>): number[] {
  return [...hash.keys()].flatMap(field => {
    const minute = /^minute:(-?\d+)$/.exec(field)?.[1]
    return minute === undefined ? [] : [Number(minute)]
  })
}

/** The first `count` in order; a count that is not whole finds none to end with, as in Lua. */
function oldest(minutes: readonly number[], count: number): number[] {
  const sorted = minutes.toSorted((a, b) => a - b)
  const last = Math.min(count, sorted.length)
  if (!(last > 0)) return []
  number(sorted[last - 1])
  return sorted.slice(0, last)
}
