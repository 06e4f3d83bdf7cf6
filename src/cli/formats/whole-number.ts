import type { Format } from './format.ts'

/** An integer in [min, max]. */
export function wholeNumber(min: number, max: number): Format<number> {
  return {
    expected: `an integer from ${min} to ${max}`,
    parse: text => {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
      return value >= min && value <= max ? value : undefined
    },
  }
}
