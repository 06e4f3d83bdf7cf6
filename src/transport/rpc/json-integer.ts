import { ScalarType } from '@bufbuild/protobuf'

/** JSON's syntax of a number: no plus sign, no leading zeros, no other digits or bases. */
const NUMBER = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/
/** The maximum number of digits of a 64-bit integer. */
const MAX_DIGITS = 20

export interface Bounds {
  readonly min: bigint
  readonly max: bigint
}

const INT32: Bounds = { min: -(2n ** 31n), max: 2n ** 31n - 1n }
const UINT32: Bounds = { min: 0n, max: 2n ** 32n - 1n }
const INT64: Bounds = { min: -(2n ** 63n), max: 2n ** 63n - 1n }
const UINT64: Bounds = { min: 0n, max: 2n ** 64n - 1n }

/** The range of the numbers of enum values. */
export const ENUM_BOUNDS = INT32

/** The bounds of a field's type. Undefined: it is not an integer type. */
export function boundsOf(type: ScalarType): Bounds | undefined {
  switch (type) {
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return INT32
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return UINT32
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return INT64
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return UINT64
    default:
      return undefined
  }
}

/**
 * The exact value of a JSON number, or of a JSON string that holds a number, if it is an integer, as `1.75e12` and `5.0` are.
 * Undefined: it is not an integer, or is outside the bounds. Time and memory are proportional to the length of the text.
 */
export function jsonInteger(text: string, { min, max }: Bounds): bigint | undefined {
  const match = NUMBER.exec(text)
  if (match === null) return undefined
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match
  const written = `${whole}${fraction}`.replace(/^0+/, '')
  const digits = withoutZerosAtEnd(written)
  if (digits === '') return 0n
  const zeros = Number(exponent) - fraction.length + written.length - digits.length
  if (zeros < 0 || digits.length + zeros > MAX_DIGITS) return undefined
  const value = BigInt(`${sign}${digits}${'0'.repeat(zeros)}`)
  return value < min || value > max ? undefined : value
}

/** Without a regular expression: one that ends in `0+$` would take quadratic time. */
function withoutZerosAtEnd(digits: string): string {
  let end = digits.length
  while (end > 0 && digits[end - 1] === '0') end--
  return digits.slice(0, end)
}
