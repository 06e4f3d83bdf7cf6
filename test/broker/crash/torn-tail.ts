import { appendFileSync, existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { SEGMENT_SUFFIX } from '../../../broker/log/file-names.ts'
import { OFFSETS_FILE } from '../../../broker/offsets/offset-store.ts'
import type { Random } from '../../support/random.ts'
import { batch } from '../conformance/batches.ts'
import { nameOf, type Partition } from './place.ts'

const LENGTH_AT = 8
const LENGTH_END = 12
const LAST_OFFSET_DELTA_AT = 23
const CRC_AT = 17
const HEADER_BYTES = 61
const MAX_NOISE_BYTES = 200

/**
 * Appends what a power failure may leave after the last batch of a partition: an incomplete batch, or one with some wrong bytes.
 * Such a batch was never acknowledged. Returns a description.
 */
export function tearTail(folder: string, partition: Partition, random: Random): string {
  const path = join(folder, nameOf(partition))
  if (!existsSync(path)) return 'nothing'
  const last = readdirSync(path)
    .filter(name => name.endsWith(SEGMENT_SUFFIX))
    .toSorted()
    .at(-1)
  if (last === undefined) return 'nothing'
  const file = join(path, last)
  const end = wholeEnd(readFileSync(file), BigInt(last.slice(0, -SEGMENT_SUFFIX.length)))
  if (end === undefined) return 'nothing: the kill has torn it'
  const whole = batch({ records: [{ value: 'never acknowledged' }], baseOffset: end })
  const kind = random.pick(['cut', 'changed'] as const)
  const torn = kind === 'cut' ? whole.subarray(0, random.between(1, whole.length)) : changed(whole, random)
  appendFileSync(file, torn)
  return `${kind} batch after ${nameOf(partition)}`
}

/** The same for committed offsets. */
export function tearOffsets(folder: string, random: Random): string {
  const file = join(folder, OFFSETS_FILE)
  if (!existsSync(file)) return 'nothing'
  appendFileSync(file, Buffer.from(Array.from({ length: random.between(1, MAX_NOISE_BYTES) }, () => random.between(0, 256))))
  return 'noise after the offsets'
}

function changed(whole: Buffer, random: Random): Buffer {
  const bytes = Buffer.from(whole)
  const at = random.between(CRC_AT, bytes.length)
  bytes[at] = (bytes[at] ?? 0) ^ random.between(1, 256)
  return bytes
}

/** The offset after the last batch, or undefined if the file ends inside one. */
function wholeEnd(segment: Buffer, baseOffset: bigint): bigint | undefined {
  let [at, next] = [0, baseOffset]
  while (at < segment.length) {
    if (at + HEADER_BYTES > segment.length) return undefined
    next = segment.readBigInt64BE(at) + BigInt(segment.readInt32BE(at + LAST_OFFSET_DELTA_AT)) + 1n
    at += LENGTH_END + segment.readInt32BE(at + LENGTH_AT)
  }
  return at === segment.length ? next : undefined
}
