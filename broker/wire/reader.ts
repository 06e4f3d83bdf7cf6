import { WireError } from './wire-error.ts'

const MAX_VARINT_BYTES = 5
const MAX_VARLONG_BYTES = 10
/**
 * Maximum number of elements in all lists of a frame. An element of three bytes becomes an object of a hundred bytes, so a frame of the
 * maximum size could fill the memory. A request for 100 000 partitions has a fifth of this number.
 */
const MAX_ELEMENTS = 500_000

/**
 * Reads the primitive types of the protocol from a frame, big-endian. Every read is checked against the end of the frame before it allocates
 * memory; throws `WireError`. Byte values are views of the frame, not copies.
 */
export class Reader {
  readonly #bytes: Buffer
  #at: number
  readonly #end: number
  #elements = 0

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
  }

  get remaining(): number {
    return this.#end - this.#at
  }

  #take(length: number): number {
    const at = this.#at
    if (length > this.#end - at) throw new WireError(`got ${this.#end - at} bytes, expected ${length} more`)
    this.#at = at + length
    return at
  }

  boolean(): boolean {
    return this.int8() !== 0
  }

  int8(): number {
    return this.#bytes.readInt8(this.#take(1))
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#take(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#take(4))
  }

  int64(): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8))
  }

  /** An unsigned varint of at most 32 bits. */
  uvarint(): number {
    let value = 0
    for (let index = 0; index < MAX_VARINT_BYTES; index++) {
      const byte = this.#bytes[this.#take(1)]!
      value += (byte & 0x7f) * 2 ** (7 * index)
      if (byte < 0x80) {
        if (value > 0xffff_ffff) break
        return value
      }
    }
    throw new WireError('a varint is longer than 32 bits')
  }

  /** A zigzag varint of 32 bits, as in records. */
  varint(): number {
    const raw = this.uvarint()
    return (raw >>> 1) ^ -(raw & 1)
  }

  /** A zigzag varint of 64 bits, as in records. */
  varlong(): bigint {
    let raw = 0n
    for (let index = 0; index < MAX_VARLONG_BYTES; index++) {
      const byte = this.#bytes[this.#take(1)]!
      raw |= BigInt(byte & 0x7f) << BigInt(7 * index)
      if (byte < 0x80) return BigInt.asIntN(64, (raw >> 1n) ^ -(raw & 1n))
    }
    throw new WireError('a varint is longer than 64 bits')
  }

  /** Call before reading the elements of a list. Refuses a count that is impossible or too high. */
  elements(count: number): void {
    if (count < 0 || count > this.remaining)
      throw new WireError(`got a list of ${count} elements in ${this.remaining} bytes, expected at most one a byte`)
    this.#elements += count
    if (this.#elements > MAX_ELEMENTS) throw new WireError(`got lists of ${this.#elements} elements, expected at most ${MAX_ELEMENTS}`)
  }

  bytes(length: number): Buffer {
    if (length < 0) throw new WireError(`got length ${length}, expected 0 or more`)
    const at = this.#take(length)
    return this.#bytes.subarray(at, at + length)
  }

  text(length: number): string {
    if (length < 0) throw new WireError(`got length ${length}, expected 0 or more`)
    const at = this.#take(length)
    return this.#bytes.toString('utf8', at, at + length)
  }
}
