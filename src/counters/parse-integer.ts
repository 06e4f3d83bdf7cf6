/** As many digits as 2^53 − 1 has; a longer string of zeros is malformed too. */
const INTEGER = /^-?\d{1,16}$/

/**
 * The integer in a field of the hash, from −(2^53 − 1) to 2^53 − 1, or undefined if the text is anything else. The flush script
 * adds doubles, which are exact only in that range, and has the same rule (`scripts/flush.lua`). A number accepted here and refused
 * there would be rebuilt again and again; the other way round, it would be counted wrong.
 */
export function parseInteger(text: string | null | undefined): number | undefined {
  if (!text || !INTEGER.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}
