/** How a producer's records may stand in a partition. */
export type Guarantee = 'exactly once' | 'at least once'

const MOST_NAMED = 5

/**
 * What is wrong with the numbers of a producer as they follow each other in a partition; `sent` were acknowledged, 0 to `sent` - 1.
 * At least once: a number may come again, but never before a smaller one has come for the first time.
 */
export function checkNumbers(numbers: readonly number[], sent: number, guarantee: Guarantee): string[] {
  const wrong: string[] = []
  let next = 0
  for (const number of numbers) {
    if (number === next) next++
    else if (number > next) {
      wrong.push(`got record ${number}, expected ${next}`)
      next = number + 1
    } else if (guarantee === 'exactly once') wrong.push(`got record ${number} again, behind ${next - 1}`)
  }
  if (next !== sent) wrong.push(`got ${next} records, expected ${sent}`)
  return wrong.length > MOST_NAMED ? [...wrong.slice(0, MOST_NAMED), `and ${wrong.length - MOST_NAMED} more`] : wrong
}
