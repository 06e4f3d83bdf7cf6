const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d
const EMPTY = Buffer.alloc(0)
const FIRST_BYTES = 1024

/** Stands for a line that is longer than allowed. */
export const TOO_LONG = Symbol('a line that is too long')

/**
 * Splits a client's bytes into lines, independent of packets. A line that grows beyond `maxBytes` is reported at once
 * as `TOO_LONG`; the rest of it is discarded as it arrives.
 */
export class Lines {
  readonly #maxBytes: number
  /** Received but not processed yet. */
  #unread: Buffer = EMPTY
  /** The beginning of an incomplete line: one growing buffer, since each packet may have only one byte. */
  #begun: Buffer = EMPTY
  #begunBytes = 0
  #isSkipping = false

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Whether there are bytes that `next` has not processed. */
  get hasUnread(): boolean {
    return this.#unread.length > 0
  }

  add(chunk: Buffer): void {
    this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk])
  }

  /** The next complete line without its end (LF or CR LF), valid until the next call; undefined if there is none yet. */
  next(): Buffer | typeof TOO_LONG | undefined {
    if (this.#isSkipping) this.#skip()
    if (this.#unread.length === 0) return undefined
    const newline = this.#unread.indexOf(NEWLINE)
    const isWhole = newline >= 0
    const part = isWhole ? this.#unread.subarray(0, newline) : this.#unread
    this.#unread = isWhole ? this.#unread.subarray(newline + 1) : EMPTY
    // One more than allowed may be the first half of CR LF.
    if (this.#begunBytes + part.length > this.#maxBytes + 1) {
      this.#isSkipping = !isWhole
      this.#takeBegun()
      return TOO_LONG
    }
    return isWhole ? this.#finish(part) : this.#begin(part)
  }

  #skip(): void {
    const newline = this.#unread.indexOf(NEWLINE)
    this.#unread = newline < 0 ? EMPTY : this.#unread.subarray(newline + 1)
    this.#isSkipping = newline < 0
  }

  #finish(end: Buffer): Buffer | typeof TOO_LONG {
    let line = end
    if (this.#begunBytes > 0) {
      this.#begin(end)
      line = this.#takeBegun()
    }
    const whole = line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line
    return whole.length > this.#maxBytes ? TOO_LONG : whole
  }

  #begin(part: Buffer): undefined {
    const length = this.#begunBytes + part.length
    if (length > this.#begun.length) {
      const grown = Buffer.allocUnsafe(Math.max(FIRST_BYTES, length, Math.min(2 * this.#begun.length, this.#maxBytes + 1)))
      this.#begun.copy(grown, 0, 0, this.#begunBytes)
      this.#begun = grown
    }
    part.copy(this.#begun, this.#begunBytes)
    this.#begunBytes = length
  }

  #takeBegun(): Buffer {
    const line = this.#begun.subarray(0, this.#begunBytes)
    this.#begun = EMPTY
    this.#begunBytes = 0
    return line
  }
}
