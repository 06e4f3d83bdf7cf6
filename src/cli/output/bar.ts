import type { Terminal } from './terminal.ts'

/** A block, filled from the left, by eighths. */
const BLOCKS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'] as const
const EIGHTHS = 8n

/**
 * A bar for a value in 0…max: `width` characters long for `max`, and visible for every value above 0. Where the terminal has only
 * ASCII, of whole characters.
 */
export function bar(value: bigint, max: bigint, width: number, { unicode }: Pick<Terminal, 'unicode'>): string {
  if (value <= 0n || max <= 0n) return ''
  if (!unicode) return '#'.repeat(Number(roundedUp(value * BigInt(width), max)))
  const eighths = roundedUp(value * BigInt(width) * EIGHTHS, max)
  return BLOCKS[8].repeat(Number(eighths / EIGHTHS)) + BLOCKS[Number(eighths % EIGHTHS)]!
}

function roundedUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor
}
