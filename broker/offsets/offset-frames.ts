import { crc32c } from '../records/crc32c.ts'
import { compile } from '../wire/compile.ts'
import { Reader } from '../wire/reader.ts'
import type { Decoded } from '../wire/schema.ts'
import { array, int32, int64, int8, string } from '../wire/types.ts'
import { Writer } from '../wire/writer.ts'

/**
 * The format of the file of offsets: a sequence of frames. Each frame is the length of its content (uint32), the CRC-32C of the content
 * (uint32) and the content, which is one change of the store. An incomplete frame is ignored as a whole.
 */
const CHANGE = {
  format: int8,
  offsets: array({
    group: string,
    topic: string,
    partition: int32,
    offset: int64,
    leaderEpoch: int32,
    metadata: string,
    committedAt: int64,
    /** NEVER: expires with the group. */
    expiresAt: int64,
  }),
  removedOffsets: array({ group: string, topic: string, partition: int32 }),
  groups: array({ group: string, protocolType: string, generation: int32, emptySince: int64 }),
  /** Groups to delete with all their offsets. */
  removedGroups: array(string),
  removedTopics: array(string),
}

/** The parts of a change apply in this order: first those that set something, then those that remove something. */
export type Change = Omit<Decoded<typeof CHANGE>, 'format'>

export const NEVER = -1n

const FORMAT = 0
const HEADER_BYTES = 8
const CRC_AT = 4
const codec = compile(CHANGE, { version: FORMAT, flexible: true })
const NOTHING: Change = { offsets: [], removedOffsets: [], groups: [], removedGroups: [], removedTopics: [] }

export function frameOf(change: Partial<Change>): Buffer {
  const writer = new Writer()
  codec.write(writer, { format: FORMAT, ...NOTHING, ...change })
  const content = writer.toBuffer()
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32BE(content.length, 0)
  header.writeUInt32BE(crc32c(content, 0, content.length), CRC_AT)
  return Buffer.concat([header, content])
}

/** Passes each complete frame to `apply`, in order, and returns the position after the last one. Bytes after it were never acknowledged, or are damaged. */
export function readFrames(bytes: Buffer, apply: (change: Change) => void): number {
  let at = 0
  for (let end = frameEnd(bytes, at); end !== undefined; end = frameEnd(bytes, at)) {
    apply(decode(bytes.subarray(at + HEADER_BYTES, end)))
    at = end
  }
  return at
}

/** Undefined unless a complete frame starts at `at`. An empty frame is invalid: after a power loss a file may end with zeros. */
function frameEnd(bytes: Buffer, at: number): number | undefined {
  if (bytes.length - at < HEADER_BYTES) return undefined
  const length = bytes.readUInt32BE(at)
  const from = at + HEADER_BYTES
  if (length === 0 || length > bytes.length - from) return undefined
  return crc32c(bytes, from, from + length) === bytes.readUInt32BE(at + CRC_AT) ? from + length : undefined
}

function decode(content: Buffer): Change {
  const format = content[0]
  if (format !== FORMAT)
    throw new Error(`format of the committed offsets: got ${format}, expected ${FORMAT}: another version of this program wrote them`)
  return codec.read(new Reader(content))
}
