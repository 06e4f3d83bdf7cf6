const INITIAL_CAPACITY = 4_096

/** Joins pieces of bytes in one growing buffer. Callers may send single bytes, and an object for each would be many times as large. */
export class GatheredBytes {
  #buffer = Buffer.allocUnsafeSlow(INITIAL_CAPACITY)
  #length = 0

  /** Returns the number of bytes so far. */
  add(piece: Uint8Array): number {
    const length = this.#length + piece.length
    if (length > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, this.#buffer.length * 2))
      this.#buffer.copy(larger, 0, 0, this.#length)
      this.#buffer = larger
    }
    this.#buffer.set(piece, this.#length)
    return (this.#length = length)
  }

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }
}
