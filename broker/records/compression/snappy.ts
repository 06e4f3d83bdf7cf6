import { corrupt } from './corrupt.ts'
import { Output } from './output.ts'

/** Java's stream format begins with this, a version and the lowest version that can read it (32 bits each). */
const STREAM_MAGIC = Buffer.from('\x82SNAPPY\0', 'latin1')
const STREAM_HEADER_BYTES = STREAM_MAGIC.length + 8
const MAX_LENGTH_BYTES = 5
/** In a literal's tag, a length above this is the number of length bytes that follow. */
const SHORT_LITERAL = 60

/**
 * Decompresses snappy: one raw block, as librdkafka and Go write it, or Java's stream of blocks.
 * Throws `ProtocolError` CORRUPT_MESSAGE.
 */
export function unsnappy(source: Buffer, maxBytes: number): Buffer {
  const output = new Output(maxBytes)
  if (isStreamHeader(source, 0)) readStream(source, output)
  else new Block(source, 0, source.length, output).read()
  return output.result()
}

function isStreamHeader(source: Buffer, at: number): boolean {
  return (
    source.length - at >= STREAM_HEADER_BYTES && source.compare(STREAM_MAGIC, 0, STREAM_MAGIC.length, at, at + STREAM_MAGIC.length) === 0
  )
}

/** Blocks, each preceded by its length (32 bits); another stream with its own header may follow. */
function readStream(source: Buffer, output: Output): void {
  let at = STREAM_HEADER_BYTES
  while (at < source.length) {
    if (isStreamHeader(source, at)) {
      at += STREAM_HEADER_BYTES
      continue
    }
    const length = at + 4 <= source.length ? source.readUInt32BE(at) : Infinity
    at += 4
    if (length > source.length - at) throw corrupt('a snappy stream ends within a block')
    new Block(source, at, at + length, output).read()
    at += length
  }
}

/** One raw block: its decompressed length, then literals and copies, distinguished by the low two bits of a tag. */
class Block {
  readonly #source: Buffer
  readonly #end: number
  readonly #output: Output
  #at: number

  constructor(source: Buffer, from: number, end: number, output: Output) {
    this.#source = source
    this.#at = from
    this.#end = end
    this.#output = output
  }

  read(): void {
    const floor = this.#output.length
    const end = floor + this.#claimedLength()
    while (this.#at < this.#end) {
      this.#element(floor)
      if (this.#output.length > end) break
    }
    if (this.#output.length !== end)
      throw corrupt(`a snappy block declares ${end - floor} bytes and has ${this.#output.length - floor} or more`)
  }

  #element(floor: number): void {
    const tag = this.#number(1)
    const upper = tag >>> 2
    switch (tag & 3) {
      case 0:
        return this.#literal(upper < SHORT_LITERAL ? upper + 1 : this.#number(upper - SHORT_LITERAL + 1) + 1)
      case 1:
        return this.#output.repeat(((tag >>> 5) << 8) | this.#number(1), (upper & 7) + 4, floor)
      case 2:
        return this.#output.repeat(this.#number(2), upper + 1, floor)
      default:
        return this.#output.repeat(this.#number(4), upper + 1, floor)
    }
  }

  #literal(length: number): void {
    const from = this.#take(length)
    this.#output.literal(this.#source, from, length)
  }

  #claimedLength(): number {
    let value = 0
    for (let index = 0; index < MAX_LENGTH_BYTES; index++) {
      const byte = this.#number(1)
      value += (byte & 0x7f) * 2 ** (7 * index)
      if (byte < 0x80) return value
    }
    throw corrupt('a snappy block has a malformed length')
  }

  #number(width: number): number {
    return this.#source.readUIntLE(this.#take(width), width)
  }

  #take(length: number): number {
    const at = this.#at
    if (length > this.#end - at) throw corrupt('a snappy block ends within an element')
    this.#at = at + length
    return at
  }
}
