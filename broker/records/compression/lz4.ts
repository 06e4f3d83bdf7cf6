import { corrupt } from './corrupt.ts'
import { Output } from './output.ts'

const MAGIC = 0x184d2204
const VERSION = 1
const FLAG = { independentBlocks: 0x20, blockChecksum: 0x10, contentSize: 0x08, contentChecksum: 0x04, dictionary: 0x01 } as const
const CHECKSUM_BYTES = 4
const STORED_BLOCK = 0x8000_0000
/** Block sizes by their number in the frame's header: 64 KiB, 256 KiB, 1 MiB, 4 MiB. */
const blockBytes = (code: number): number => 2 ** (8 + 2 * code)
const MIN_BLOCK_CODE = 4
const MIN_MATCH = 4
/** Half a token with all bits set: the length continues in further bytes. */
const LONG = 15

interface FrameHeader {
  readonly flags: number
  readonly maxBlockBytes: number
  readonly contentBytes: bigint | undefined
}

/**
 * Decompresses LZ4 frames. Throws `ProtocolError` CORRUPT_MESSAGE.
 * The frame's own checksums are skipped: the batch's CRC covers the same bytes and was checked on arrival.
 */
export function unlz4(source: Buffer, maxBytes: number): Buffer {
  const output = new Output(maxBytes)
  const input = new Input(source, 0, source.length)
  do readFrame(input, output)
  while (input.remaining > 0)
  return output.result()
}

function readFrame(input: Input, output: Output): void {
  const { flags, maxBlockBytes, contentBytes } = readHeader(input)
  const frameStart = output.length
  for (let size = input.number(4); size !== 0; size = input.number(4)) {
    const length = size % STORED_BLOCK
    const block = input.part(length)
    const blockStart = output.length
    if (size >= STORED_BLOCK) output.literal(block.source, block.at, length)
    else readBlock(block, output, (flags & FLAG.independentBlocks) !== 0 ? blockStart : frameStart, blockStart + maxBlockBytes)
    if (output.length - blockStart > maxBlockBytes)
      throw corrupt(`an LZ4 block has more than the ${maxBlockBytes} bytes that its frame allows`)
    if ((flags & FLAG.blockChecksum) !== 0) input.skip(CHECKSUM_BYTES)
  }
  if ((flags & FLAG.contentChecksum) !== 0) input.skip(CHECKSUM_BYTES)
  const length = BigInt(output.length - frameStart)
  if (contentBytes !== undefined && contentBytes !== length) throw corrupt(`an LZ4 frame declares ${contentBytes} bytes and has ${length}`)
}

function readHeader(input: Input): FrameHeader {
  if (input.number(4) !== MAGIC) throw corrupt('not an LZ4 frame')
  const flags = input.number(1)
  if (flags >>> 6 !== VERSION) throw corrupt(`an LZ4 frame has the version ${flags >>> 6}, expected ${VERSION}`)
  if ((flags & FLAG.dictionary) !== 0) throw corrupt('an LZ4 frame requires a dictionary')
  const blockCode = (input.number(1) >>> 4) & 7
  if (blockCode < MIN_BLOCK_CODE) throw corrupt(`an LZ4 frame has the block size ${blockCode}, expected 4 to 7`)
  const contentBytes = (flags & FLAG.contentSize) === 0 ? undefined : input.uint64()
  input.skip(1) // the header's checksum
  return { flags, maxBlockBytes: blockBytes(blockCode), contentBytes }
}

/** Sequences of literals and a match; the last has no match. Stops without an error once the output is longer than `end`. */
function readBlock(input: Input, output: Output, floor: number, end: number): void {
  while (output.length <= end) {
    const token = input.number(1)
    const literals = input.longLength(token >>> 4)
    output.literal(input.source, input.skip(literals), literals)
    if (input.remaining === 0) return
    const distance = input.number(2)
    output.repeat(distance, MIN_MATCH + input.longLength(token & LONG), floor)
  }
}

class Input {
  readonly source: Buffer
  readonly #end: number
  #at: number

  constructor(source: Buffer, from: number, end: number) {
    this.source = source
    this.#at = from
    this.#end = end
  }

  get at(): number {
    return this.#at
  }

  get remaining(): number {
    return this.#end - this.#at
  }

  /** Skips bytes and returns where they began. */
  skip(length: number): number {
    const at = this.#at
    if (length > this.#end - at) throw corrupt('the LZ4 data ends too early')
    this.#at = at + length
    return at
  }

  part(length: number): Input {
    const from = this.skip(length)
    return new Input(this.source, from, from + length)
  }

  number(width: 1 | 2 | 4): number {
    return this.source.readUIntLE(this.skip(width), width)
  }

  uint64(): bigint {
    return this.source.readBigUInt64LE(this.skip(8))
  }

  longLength(half: number): number {
    if (half < LONG) return half
    let length = half
    let byte: number
    do length += byte = this.number(1)
    while (byte === 0xff)
    return length
  }
}
