import { countMinutes, type Ledger } from './ledger.ts'

type Hash = Readonly<Record<string, string>>

/** What may not be true of the hash at any moment: it is the ledger at its positions, and `asof` is proven. */
export function unsafe(hash: Hash, ledger: Ledger, nowMs: number): string | undefined {
  if (hash['claim'] !== undefined || hash['total'] === undefined) return undefined
  const applied = ledger.lanes.map((_, lane) => positionOf(hash, lane))
  for (const [lane, position] of applied.entries()) {
    if (!position || !ledger.holds(lane, position)) return `lane ${lane} is at ${hash[`applied:${lane}`]}, which the ledger does not have`
    const asofMs = Number(hash[`asof:${lane}`])
    if (asofMs > nowMs) return `asof of lane ${lane} is ahead of the clock`
    const missing = ledger.lanes[lane]!.slice(Number(position.seq)).find(row => row.ackedMs < asofMs)
    if (missing) return `lane ${lane} seq ${missing.seq} was acknowledged before asof, and is not in`
  }
  const rows = applied.flatMap((position, lane) => ledger.lanes[lane]!.slice(0, Number(position!.seq)))
  if (hash['total'] !== String(rows.length)) return `total is ${hash['total']}, applied are ${rows.length}`
  return wrongMinute(hash, countMinutes(rows))
}

/** What is wrong after quiet: the cache is whole, has every lane at its head, and no more minutes than it may. */
export function differencesOf(hash: Hash, ledger: Ledger, maxMinutes: number): string | undefined {
  if (hash['claim'] !== undefined) return 'still claimed'
  if (hash['total'] !== String(ledger.total)) return `total is ${hash['total']}, the ledger has ${ledger.total}`
  for (const [lane, rows] of ledger.lanes.entries()) {
    const head = rows.at(-1) ? `${rows.at(-1)!.seq}:${rows.at(-1)!.tag}` : '0:0'
    if (hash[`applied:${lane}`] !== head) return `lane ${lane} is at ${hash[`applied:${lane}`]}, its head is ${head}`
  }
  const held = Object.keys(hash).filter(field => field.startsWith('minute:')).length
  if (held > maxMinutes) return `holds ${held} minutes, may hold ${maxMinutes}`
  return wrongMinute(hash, countMinutes(ledger.lanes.flat()))
}

function wrongMinute(hash: Hash, expected: ReadonlyMap<number, number>): string | undefined {
  const [from, to] = [hash['minutes-from'] === '-' ? -Infinity : Number(hash['minutes-from']), Number(hash['minutes-to'])]
  const held = Object.keys(hash).flatMap(field => (field.startsWith('minute:') ? [Number(field.slice('minute:'.length))] : []))
  for (const minute of new Set([...held, ...expected.keys()])) {
    const inside = minute >= from && minute < to
    const got = hash[`minute:${minute}`]
    const right = inside ? expected.get(minute) : undefined
    if (got !== (right === undefined ? undefined : String(right)))
      return `minute ${minute} is ${got}, expected ${right} (from ${hash['minutes-from']})`
  }
  return undefined
}

function positionOf(hash: Hash, lane: number): { seq: bigint; tag: bigint } | undefined {
  const [seq, tag] = (hash[`applied:${lane}`] ?? '').split(':')
  return seq && tag ? { seq: BigInt(seq), tag: BigInt(tag) } : undefined
}
