/** No more digits are read, so that a text of zeros is no number. 2^53 − 1 has as many. */
const INTEGER = /^-?\d{1,16}$/

/**
 * The integer of a field of the hash, from −(2^53 − 1) to 2^53 − 1, or undefined if the text is anything else. The flush script adds
 * in doubles, which are exact only up to there. It has the same rule (`scripts/flush.lua`): what one refused and the other
 * took would be rebuilt again and again, or counted wrong.
 */
export function parseInteger(text: string | null | undefined): number | undefined {
  if (!text || !INTEGER.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}
