const FIRST_ROOM = 4_096

/** Joins pieces of bytes in one growing buffer. Callers may send single bytes, and an object for each would be many times as large. */
export class GatheredBytes {
  #room = Buffer.allocUnsafeSlow(FIRST_ROOM)
  #length = 0

  /** Returns the number of bytes so far. */
  add(piece: Uint8Array): number {
    const length = this.#length + piece.length
    if (length > this.#room.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, this.#room.length * 2))
      this.#room.copy(larger, 0, 0, this.#length)
      this.#room = larger
    }
    this.#room.set(piece, this.#length)
    return (this.#length = length)
  }

  bytes(): Uint8Array {
    return this.#room.subarray(0, this.#length)
  }
}
