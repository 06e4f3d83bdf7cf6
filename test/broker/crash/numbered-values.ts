import type { Random } from '../../support/random.ts'

/** A record's value: its producer, its number in the partition, and padding. */
export function numberedValue(producer: string, number: number, bytes: number): string {
  return `${producer} ${number} `.padEnd(bytes, '.')
}

export function readValue(value: Buffer | null): { producer: string; number: number } {
  const [producer = '', number] = (value ?? Buffer.alloc(0)).subarray(0, HEAD_BYTES).toString('latin1').split(' ')
  return { producer, number: Number(number) }
}

const HEAD_BYTES = 64
/** One batch in this many is large: writing it takes long enough to be killed half-way. */
const LARGE_EVERY = 25
const LARGE_BYTES = 400_000
const SMALL_BYTES = 300
const MAX_RECORDS = 20

/** The lengths of the values of a batch. */
export function drawSizes(random: Random): number[] {
  if (random.between(0, LARGE_EVERY) === 0) return [LARGE_BYTES]
  return Array.from({ length: random.between(1, MAX_RECORDS) }, () => random.between(0, SMALL_BYTES))
}
