/** A 64-bit integer as protobuf writes it, unsigned: a number if that is exact, because it is ten times as fast as a bigint. */
export type Uint64 = number | bigint

const SEVEN_BITS = 0x7f
const MORE = 0x80
/** Four groups of seven bits. Higher bits have to be divided off, because bit operators are limited to 32 bits. */
const FOUR_GROUPS = 2 ** 28

/** The 64 bits of an int64, as protobuf takes it for a varint or a fixed64. */
export function toUint64(value: bigint): Uint64 {
  return value >= 0n && value <= Number.MAX_SAFE_INTEGER ? Number(value) : BigInt.asUintN(64, value)
}

/** Bytes of a varint. */
export function sizeOfVarint(value: Uint64): number {
  let size = 1
  if (typeof value === 'bigint') for (let rest = value >> 7n; rest > 0n; rest >>= 7n) size++
  else for (let end = 128; value >= end; end *= 128) size++
  return size
}

/** Writes a varint; returns where it ends. */
export function writeVarint(bytes: Uint8Array, at: number, value: Uint64): number {
  if (typeof value === 'bigint') return writeVarint64(bytes, at, value)
  let rest = value
  if (value >= FOUR_GROUPS) {
    const high = Math.floor(value / FOUR_GROUPS)
    const low = value - high * FOUR_GROUPS
    bytes[at++] = (low & SEVEN_BITS) | MORE
    bytes[at++] = ((low >>> 7) & SEVEN_BITS) | MORE
    bytes[at++] = ((low >>> 14) & SEVEN_BITS) | MORE
    bytes[at++] = (low >>> 21) | MORE
    rest = high
  }
  while (rest > SEVEN_BITS) {
    bytes[at++] = (rest & SEVEN_BITS) | MORE
    rest >>>= 7
  }
  bytes[at++] = rest
  return at
}

function writeVarint64(bytes: Uint8Array, at: number, value: bigint): number {
  let rest = value
  for (; rest > 127n; rest >>= 7n) bytes[at++] = Number(rest & 127n) | MORE
  bytes[at++] = Number(rest)
  return at
}
