import type { Position } from '../terms/position.ts'

/** A position as the cache writes it: `<seq>:<tag>`. 64-bit numbers travel as texts. */
export function formatPosition(position: Position): string {
  return `${position.seq}:${position.tag}`
}

/** The position of a text of the cache, or undefined if it is ill-formed. */
export function parsePosition(text: string): Position | undefined {
  const match = /^(\d{1,19}):(\d{1,19})$/.exec(text)
  return match ? { seq: BigInt(match[1]!), tag: BigInt(match[2]!) } : undefined
}
