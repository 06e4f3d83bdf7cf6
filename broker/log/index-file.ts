import { seal, unseal } from './checked-file.ts'
import { SegmentContent, type SegmentFacts } from './segment-content.ts'
import { SparseIndex } from './sparse-index.ts'

/** A segment's content as a file, so that opening the log need not read the segment. It is valid only if the segment has exactly `facts.bytes` bytes. */
const KIND = 'ping-broker index 1\n'
const FACTS_BYTES = 7 * 8
const ENTRY_BYTES = 16

export function encodeIndex({ facts, index }: SegmentContent): Buffer {
  const bytes = Buffer.alloc(FACTS_BYTES + index.count * ENTRY_BYTES)
  const values = [
    BigInt(facts.bytes),
    BigInt(facts.nextOffset),
    facts.maxTimestamp,
    BigInt(facts.maxTimestampPosition),
    facts.firstTimestamp,
    BigInt(facts.lastAppendMs),
    BigInt(facts.indexedBytes),
  ]
  for (const [place, value] of values.entries()) bytes.writeBigInt64BE(value, 8 * place)
  for (let entry = 0, at = FACTS_BYTES; entry < index.count; entry++, at += ENTRY_BYTES) {
    const { offset, position, maxTimestampBefore } = index.entry(entry)
    bytes.writeUInt32BE(offset, at)
    bytes.writeUInt32BE(position, at + 4)
    bytes.writeBigInt64BE(maxTimestampBefore, at + 8)
  }
  return seal(KIND, bytes)
}

/** Undefined if the file is missing or damaged. */
export function decodeIndex(file: Buffer | undefined): SegmentContent | undefined {
  const bytes = unseal(KIND, file)
  if (bytes === undefined || bytes.length < FACTS_BYTES) return undefined
  const index = new SparseIndex()
  for (let at = FACTS_BYTES; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
    index.add({ offset: bytes.readUInt32BE(at), position: bytes.readUInt32BE(at + 4), maxTimestampBefore: bytes.readBigInt64BE(at + 8) })
  }
  return new SegmentContent(decodeFacts(bytes), index)
}

function decodeFacts(bytes: Buffer): SegmentFacts {
  const value = (place: number): bigint => bytes.readBigInt64BE(8 * place)
  return {
    bytes: Number(value(0)),
    nextOffset: Number(value(1)),
    maxTimestamp: value(2),
    maxTimestampPosition: Number(value(3)),
    firstTimestamp: value(4),
    lastAppendMs: Number(value(5)),
    indexedBytes: Number(value(6)),
  }
}
