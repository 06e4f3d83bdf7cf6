import type { Position } from '../terms/position.ts'

/** A position as the cache writes it: `<seq>:<tag>`. 64-bit numbers are sent as strings. */
export function formatPosition(position: Position): string {
  return `${position.seq}:${position.tag}`
}

const MAX_INT64 = 2n ** 63n - 1n

/** The position in a string from the cache, or undefined if it is malformed, or out of Postgres' range. */
export function parsePosition(text: string): Position | undefined {
  const match = /^(\d{1,19}):(\d{1,19})$/.exec(text)
  if (!match) return undefined
  const [seq, tag] = [BigInt(match[1]!), BigInt(match[2]!)]
  return seq <= MAX_INT64 && tag <= MAX_INT64 ? { seq, tag } : undefined
}
