/** Arrays in Postgres' binary format, which costs the server a fifth of what their text costs. */

const UUID_OID = 2950
const TIMESTAMPTZ_OID = 1184
const TEXT_OID = 25
const BYTEA_OID = 17
const HEADER_BYTES = 20
const LENGTH_BYTES = 4
const UUID_BYTES = 16
const TIMESTAMPTZ_BYTES = 8
/** Postgres counts the microseconds since 2000-01-01. */
const EPOCH_MS = 946_684_800_000n

/** The value of each hexadecimal digit, by its character code. */
const DIGITS = new Uint8Array(128)
for (let value = 0; value < 16; value++) DIGITS[value.toString(16).charCodeAt(0)] = value

/** `uuid[]`, of UUIDs as lower-case text with hyphens. */
export function uuidArray(ids: readonly string[]): Buffer {
  const array = startArray(UUID_OID, ids.length, ids.length * (LENGTH_BYTES + UUID_BYTES))
  let at = HEADER_BYTES
  for (const id of ids) {
    at = array.writeInt32BE(UUID_BYTES, at)
    for (let n = 0; n < 36; n += 2) {
      if (n === 8 || n === 13 || n === 18 || n === 23) n++ // a hyphen
      array[at++] = (DIGITS[id.charCodeAt(n)]! << 4) | DIGITS[id.charCodeAt(n + 1)]!
    }
  }
  return array
}

/** `timestamptz[]`, of times in ms since the Unix epoch. */
export function timeArray(timesMs: readonly bigint[]): Buffer {
  const array = startArray(TIMESTAMPTZ_OID, timesMs.length, timesMs.length * (LENGTH_BYTES + TIMESTAMPTZ_BYTES))
  let at = HEADER_BYTES
  for (const timeMs of timesMs) {
    at = array.writeInt32BE(TIMESTAMPTZ_BYTES, at)
    at = array.writeBigInt64BE((timeMs - EPOCH_MS) * 1_000n, at)
  }
  return array
}

/** `text[]`. */
export function textArray(texts: readonly string[]): Buffer {
  return arrayOf(
    TEXT_OID,
    texts.map(text => Buffer.from(text)),
  )
}

/** `bytea[]`. */
export function byteaArray(values: readonly Buffer[]): Buffer {
  return arrayOf(BYTEA_OID, values)
}

/** `uuid[]`, of 16 bytes each. */
export function uuidBytesArray(values: readonly Buffer[]): Buffer {
  return arrayOf(UUID_OID, values)
}

function arrayOf(elementOid: number, values: readonly Buffer[]): Buffer {
  const bytes = values.reduce((sum, value) => sum + LENGTH_BYTES + value.length, 0)
  const array = startArray(elementOid, values.length, bytes)
  let at = HEADER_BYTES
  for (const value of values) {
    at = array.writeInt32BE(value.length, at)
    at += value.copy(array, at)
  }
  return array
}

/**
 * One dimension that starts at 1, without nulls.
 *
 * @param bytes of all elements with their lengths
 */
function startArray(elementOid: number, length: number, bytes: number): Buffer {
  const array = Buffer.allocUnsafe(HEADER_BYTES + bytes)
  array.writeInt32BE(length === 0 ? 0 : 1, 0)
  array.writeInt32BE(0, 4)
  array.writeInt32BE(elementOid, 8)
  array.writeInt32BE(length, 12)
  array.writeInt32BE(1, 16)
  return length === 0 ? array.subarray(0, 12) : array
}
