import type { Random } from '../../support/random.ts'

/** A call of a script, and the value of its key before: a string, or the alternating fields and values of a hash. */
export interface Call {
  readonly script: 'claim' | 'flush' | 'replace'
  readonly keys: number
  readonly hash: string | readonly string[]
  readonly argv: readonly string[]
}

/** Strings that are numbers to Lua and others that are not; positions and others that are not. */
const ODD = [
  '',
  'x',
  '0',
  '-1',
  '0x10',
  ' 5 ',
  '1e3',
  '1.5',
  '.5',
  '5.',
  'inf',
  '-inf',
  '-0',
  '2.5',
  '0.5',
  '5\x005',
  '\x00',
  '99999999999999999999',
  '12345678901234567',
  '9007199254740991',
  '9007199254740992',
  '-',
  '1:',
  ':1',
  '1:1:1',
  '5:7',
  '\xff',
  '1 2',
  '+7',
  '--1',
  '0x',
  '1e',
  '007',
  '3\n',
]
const TOKENS = ['me', 'other', '', 'a:b']

export function randomCall(random: Random): Call {
  const script = random.pick(['claim', 'flush', 'flush', 'flush', 'replace'] as const)
  const argv = { claim: claimArgs, flush: flushArgs, replace: replaceArgs }[script](random)
  return {
    script,
    hash: hash(random, script === 'flush' ? 8 : 2),
    keys: random.between(0, 20) === 0 ? random.pick([0, 2]) : 1,
    argv: spoiled(random, argv),
  }
}

function claimArgs(random: Random): string[] {
  return [random.pick(TOKENS), String(random.between(0, 12_000)), '5000', random.pick(['claim', 'renew', ''])]
}

function replaceArgs(random: Random): string[] {
  const count = random.pick([0, 1, 3, 3, 10, 2_100])
  return [
    random.pick(TOKENS),
    ...Array.from({ length: count }, (_, i) => [random.pick([`f${i}`, `f${i}`, 'claim', 'total']), String(i)]).flat(),
  ]
}

function flushArgs(random: Random): string[] {
  const pings = random.between(0, 6)
  const end = pings === 0 ? '5:7' : `${5 + pings}:9`
  const [most, spare] = [String(random.between(0, 12)), String(random.between(0, 5))]
  const pairs = Array.from({ length: pings }, () => [String(random.between(-4, 14)), String(random.between(0, 4))]).flat()
  return [random.pick(['0', '0', '0', '1']), '5:7', end, String(pings), random.pick(['', '900', '2000']), most, spare, '7', ...pairs]
}

/** One in three with something else in one or two places, or with its end cut off. */
function spoiled(random: Random, args: readonly string[]): readonly string[] {
  if (random.between(0, 3) > 0) return args
  if (random.between(0, 3) === 0) return args.slice(0, random.between(0, args.length + 1))
  const changed = [...args]
  for (let i = random.between(0, 2); i >= 0; i--) changed[random.between(0, Math.min(args.length, 14))] = random.pick(ODD)
  return changed
}

/** Mostly complete; one in `oneIn` with a claim; sometimes with a missing or odd field. */
function hash(random: Random, oneIn: number): string | readonly string[] {
  const kind = random.between(0, 20)
  if (kind === 0) return 'a string'
  if (kind === 1) return []
  const fields = new Map([
    ['total', '5'],
    ['minutes-from', random.pick(['-', '-3', '2'])],
    ['minutes-to', '12'],
    ['applied:0', random.pick(['5:7', '5:7', '5:7', '6:9', '8:9'])],
    ['asof:0', '1000'],
    ['applied:1', '0:0'],
    ['asof:1', '1000'],
  ])
  for (let i = random.between(0, 12); i > 0; i--) fields.set(`minute:${random.between(-5, 13)}`, String(random.between(0, 9)))
  if (random.between(0, oneIn) === 0)
    fields.set(
      'claim',
      random.pick(['me:100', 'other:100', 'other:6000', ':5', 'a:b:7', 'nonsense', 'me:', 'other:99999999999999999999', 'me:1\n']),
    )
  if (random.between(0, 6) === 0) fields.delete(random.pick([...fields.keys()]))
  if (random.between(0, 6) === 0) fields.set(random.pick([...fields.keys(), 'minute:1', 'minute:x', 'minute:007']), random.pick(ODD))
  return [...fields].flat()
}
