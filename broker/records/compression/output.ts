import { corrupt } from './corrupt.ts'

const FIRST_BYTES = 4096

/**
 * The output of a decoder so far. It grows with the bytes that are actually there, never to what a length field claims, and
 * never beyond `maxBytes`. Throws `ProtocolError` CORRUPT_MESSAGE.
 */
export class Output {
  readonly #maxBytes: number
  #bytes: Buffer
  #length = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#bytes = Buffer.allocUnsafe(Math.min(FIRST_BYTES, maxBytes))
  }

  get length(): number {
    return this.#length
  }

  result(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  #room(length: number): number {
    const needed = this.#length + length
    if (needed > this.#maxBytes) throw corrupt(`decompresses to more than ${this.#maxBytes} bytes, the maximum allowed`)
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.min(Math.max(2 * this.#bytes.length, needed), this.#maxBytes))
      this.#bytes.copy(grown, 0, 0, this.#length)
      this.#bytes = grown
    }
    const at = this.#length
    this.#length = needed
    return at
  }

  /** Adds `length` bytes of `source`, starting at `from`. The caller has checked that they exist. */
  literal(source: Buffer, from: number, length: number): void {
    const at = this.#room(length)
    source.copy(this.#bytes, at, from, from + length)
  }

  /** Repeats `length` bytes that begin `distance` bytes back. `floor`: the first byte that may be repeated. */
  repeat(distance: number, length: number, floor: number): void {
    if (distance === 0 || distance > this.#length - floor) {
      throw corrupt(`a compressed block refers ${distance} bytes back, expected 1 to ${this.#length - floor}`)
    }
    const at = this.#room(length)
    // The two ranges may overlap: then the bytes just written are repeated in turn, twice as many each time.
    for (let done = 0; done < length;) {
      const step = Math.min(distance + done, length - done)
      this.#bytes.copyWithin(at + done, at - distance, at - distance + step)
      done += step
    }
  }
}
