const FIRST_CHUNK_BYTES = 512
/** Byte values longer than this are passed on without a copy. */
const COPY_LIMIT_BYTES = 4096

/** Writes the primitive types of the protocol, big-endian. Long byte values (record batches) are passed on without a copy. */
export class Writer {
  #chunk = Buffer.allocUnsafe(FIRST_CHUNK_BYTES)
  /** The start of the part of the chunk that is not yet in the list of finished chunks. */
  #from = 0
  #at = 0
  #finished: Buffer[] = []
  #finishedBytes = 0

  /** Bytes written so far. */
  get length(): number {
    return this.#finishedBytes + this.#at - this.#from
  }

  /** All written bytes, in order. */
  chunks(): Buffer[] {
    this.#finish()
    return this.#finished
  }

  toBuffer(): Buffer {
    const chunks = this.chunks()
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
  }

  #finish(): void {
    if (this.#at === this.#from) return
    this.#push(this.#chunk.subarray(this.#from, this.#at))
    this.#from = this.#at
  }

  #push(bytes: Buffer): void {
    this.#finished.push(bytes)
    this.#finishedBytes += bytes.length
  }

  #room(length: number): number {
    if (this.#at + length > this.#chunk.length) {
      this.#finish()
      this.#chunk = Buffer.allocUnsafe(Math.max(2 * this.#chunk.length, length))
      this.#from = this.#at = 0
    }
    const at = this.#at
    this.#at += length
    return at
  }

  boolean(value: boolean): void {
    this.int8(value ? 1 : 0)
  }

  int8(value: number): void {
    const at = this.#room(1)
    this.#chunk.writeInt8(value, at)
  }

  int16(value: number): void {
    const at = this.#room(2)
    this.#chunk.writeInt16BE(value, at)
  }

  int32(value: number): void {
    const at = this.#room(4)
    this.#chunk.writeInt32BE(value, at)
  }

  int64(value: bigint): void {
    const at = this.#room(8)
    this.#chunk.writeBigInt64BE(value, at)
  }

  /** An unsigned varint of at most 32 bits. */
  uvarint(value: number): void {
    let rest = value >>> 0
    while (rest >= 0x80) {
      this.#byte((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    this.#byte(rest)
  }

  /** A zigzag varint of 32 bits, as in records. */
  varint(value: number): void {
    this.uvarint((value << 1) ^ (value >> 31))
  }

  /** A zigzag varint of 64 bits, as in records. */
  varlong(value: bigint): void {
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
    while (rest >= 0x80n) {
      this.#byte(Number(rest & 0x7fn) | 0x80)
      rest >>= 7n
    }
    this.#byte(Number(rest))
  }

  #byte(value: number): void {
    const at = this.#room(1)
    this.#chunk[at] = value
  }

  bytes(value: Buffer): void {
    if (value.length > COPY_LIMIT_BYTES) {
      this.#finish()
      this.#push(value)
      return
    }
    const at = this.#room(value.length)
    value.copy(this.#chunk, at)
  }

  /** The UTF-8 bytes of a string. Its length (`Buffer.byteLength`) must have been written before. */
  text(value: string, byteLength: number): void {
    const at = this.#room(byteLength)
    this.#chunk.write(value, at, byteLength, 'utf8')
  }
}
