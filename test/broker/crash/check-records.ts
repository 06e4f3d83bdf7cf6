/** How often a producer's records may be in a partition. */
export type Guarantee = 'exactly once' | 'at least once'

const MAX_NAMED = 5

/**
 * The errors in the sequence of a producer's numbers in a partition; `sent` were acknowledged, 0 to `sent` - 1.
 * At least once: a number may be repeated, but not before all smaller ones have appeared.
 */
export function checkNumbers(numbers: readonly number[], sent: number, guarantee: Guarantee): string[] {
  const wrong: string[] = []
  let next = 0
  for (const number of numbers) {
    if (number === next) next++
    else if (number > next) {
      wrong.push(`got record ${number}, expected ${next}`)
      next = number + 1
    } else if (guarantee === 'exactly once') wrong.push(`got record ${number} again, after ${next - 1}`)
  }
  if (next !== sent) wrong.push(`got ${next} records, expected ${sent}`)
  return wrong.length > MAX_NAMED ? [...wrong.slice(0, MAX_NAMED), `and ${wrong.length - MAX_NAMED} more`] : wrong
}
