/**
 * CRC-32C (Castagnoli), sixteen bytes per step: table k holds the remainders of a byte that is
 * followed by k zero bytes, so that sixteen independent look-ups replace sixteen dependent ones.
 */
const REVERSED_POLYNOMIAL = 0x82f63b78
const STEP_BYTES = 16
const TABLE_SIZE = 256
/** Where table k begins; the first byte of a step is followed by the most zeros. */
const [K0, K1, K2, K3, K4, K5, K6, K7, K8, K9, K10, K11, K12, K13, K14] = [
  0, 0x100, 0x200, 0x300, 0x400, 0x500, 0x600, 0x700, 0x800, 0x900, 0xa00, 0xb00, 0xc00, 0xd00, 0xe00,
] as const
const K15 = 0xf00

const TABLES = makeTables()

function makeTables(): Int32Array {
  const tables = new Int32Array(STEP_BYTES * TABLE_SIZE)
  for (let byte = 0; byte < TABLE_SIZE; byte++) {
    let remainder = byte
    for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ REVERSED_POLYNOMIAL : remainder >>> 1
    tables[byte] = remainder
  }
  for (let index = TABLE_SIZE; index < tables.length; index++) {
    const before = tables[index - TABLE_SIZE]!
    tables[index] = (before >>> 8) ^ tables[before & 0xff]!
  }
  return tables
}

/** The CRC-32C of `bytes[from, to)`, unsigned. `previous` is the CRC of the preceding bytes, for bytes in pieces. */
export function crc32c(bytes: Uint8Array, from: number, to: number, previous = 0): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const t = TABLES
  let crc = ~previous
  let at = from
  for (const last = to - STEP_BYTES; at <= last; at += STEP_BYTES) {
    const a = crc ^ view.getInt32(at, true)
    const b = view.getInt32(at + 4, true)
    const c = view.getInt32(at + 8, true)
    const d = view.getInt32(at + 12, true)
    crc =
      t[K15 | (a & 0xff)]! ^
      t[K14 | ((a >>> 8) & 0xff)]! ^
      t[K13 | ((a >>> 16) & 0xff)]! ^
      t[K12 | (a >>> 24)]! ^
      t[K11 | (b & 0xff)]! ^
      t[K10 | ((b >>> 8) & 0xff)]! ^
      t[K9 | ((b >>> 16) & 0xff)]! ^
      t[K8 | (b >>> 24)]! ^
      t[K7 | (c & 0xff)]! ^
      t[K6 | ((c >>> 8) & 0xff)]! ^
      t[K5 | ((c >>> 16) & 0xff)]! ^
      t[K4 | (c >>> 24)]! ^
      t[K3 | (d & 0xff)]! ^
      t[K2 | ((d >>> 8) & 0xff)]! ^
      t[K1 | ((d >>> 16) & 0xff)]! ^
      t[K0 | (d >>> 24)]!
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ t[(crc ^ bytes[at]!) & 0xff]!
  return ~crc >>> 0
}
