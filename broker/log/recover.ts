import * as header from '../records/batch.ts'
import { ASIDE_SUFFIX, type Folder } from './folder.ts'
import { ProducerStates } from './producer-states.ts'
import { fileName, INDEX_SUFFIX, Segment, SEGMENT_SUFFIX, SNAPSHOT_SUFFIX, type Circumstances } from './segment.ts'
import { decodeSnapshot } from './snapshot-file.ts'
import { readStartOffset } from './start-offset.ts'

/** A log as its folder tells it. */
export interface Recovered {
  /** By base offset; at least one. The last is the active one. */
  readonly segments: Segment[]
  readonly startOffset: bigint
  readonly producers: ProducerStates
  /** Of the producer snapshots on the disk, by offset. */
  readonly snapshots: bigint[]
  /** What was not as a clean stop leaves it, in words for the log. */
  readonly findings: string[]
}

/**
 * Finds out what a log holds. Nothing that can be read is taken away: a part that is missing or damaged
 * between others is named and passed over, only what follows the last sound batch is cut off.
 */
export function recover(folder: Folder, circumstances: Circumstances): Recovered {
  for (const name of folder.names()) if (name.endsWith(ASIDE_SUFFIX)) folder.remove(name)
  const findings: string[] = []
  const stored = readStartOffset(folder) ?? 0n
  const segments = openSegments(folder, circumstances, findings)
  nameGaps(segments, findings)
  if (segments.length === 0) segments.push(Segment.fresh(folder, stored))
  if (segments.at(-1)!.nextOffset < stored) segments.push(beginAt(stored, folder, findings))
  while (segments.length > 1 && segments[0]!.nextOffset <= stored) segments.shift()!.remove()
  const end = segments.at(-1)!.nextOffset
  for (const segment of segments.slice(0, -1)) segment.rest()
  const snapshots = offsetsOf(folder, SNAPSHOT_SUFFIX)
  for (const offset of snapshots.filter(offset => offset > end)) folder.remove(fileName(offset, SNAPSHOT_SUFFIX))
  const usable = snapshots.filter(offset => offset <= end)
  return {
    segments,
    startOffset: segments[0]!.baseOffset > stored ? segments[0]!.baseOffset : stored,
    producers: recoverProducers(folder, segments, usable, circumstances.nowMs),
    snapshots: usable,
    findings,
  }
}

/** The offsets of the files with this ending, ascending. */
function offsetsOf(folder: Folder, suffix: string): bigint[] {
  const names = folder.names().filter(name => name.endsWith(suffix) && /^\d{20}\./.test(name))
  return names.sort().map(name => BigInt(name.slice(0, -suffix.length)))
}

function openSegments(folder: Folder, circumstances: Circumstances, findings: string[]): Segment[] {
  const bases = offsetsOf(folder, SEGMENT_SUFFIX)
  for (const offset of offsetsOf(folder, INDEX_SUFFIX)) if (!bases.includes(offset)) folder.remove(fileName(offset, INDEX_SUFFIX))
  const opened = bases.map(base => openSegment(folder, base, circumstances))
  const lastWithBytes = opened.findLastIndex(({ fileBytes }) => fileBytes > 0)
  for (const [place, { segment, fileBytes, problem }] of opened.entries()) {
    if (problem === undefined) continue
    const after = `${fileBytes - segment.bytes} bytes from offset ${segment.nextOffset} on are not sound batches: ${problem}`
    findings.push(place === lastWithBytes ? `${after}; they were cut off` : `${after}; they are passed over`)
    if (place === lastWithBytes) segment.cutTail()
  }
  return withoutEmptyFiles(opened, opened[lastWithBytes]?.segment.nextOffset ?? 0n)
}

interface Opened {
  readonly segment: Segment
  readonly fileBytes: number
  readonly problem?: string
}

function openSegment(folder: Folder, base: bigint, circumstances: Circumstances): Opened {
  const segment = Segment.indexed(folder, base)
  return segment ? { segment, fileBytes: segment.bytes } : Segment.scanned(folder, base, circumstances)
}

/**
 * An empty file at the end says where the log ends after all before it was deleted. Any other is left
 * from starting a segment that came to nothing.
 */
function withoutEmptyFiles(opened: readonly Opened[], end: bigint): Segment[] {
  const last = opened.at(-1)
  return opened.flatMap(one => {
    const { segment, fileBytes } = one
    if (fileBytes > 0 || (one === last && segment.baseOffset >= end)) return [segment]
    segment.remove()
    return []
  })
}

function nameGaps(segments: readonly Segment[], findings: string[]): void {
  for (const [place, segment] of segments.entries()) {
    const next = segments[place + 1]
    if (next === undefined || next.baseOffset === segment.nextOffset) continue
    if (next.baseOffset > segment.nextOffset) findings.push(`the offsets ${segment.nextOffset} to ${next.baseOffset - 1n} are missing and are passed over`)
    else findings.push(`the offsets ${next.baseOffset} to ${segment.nextOffset - 1n} are in two segments; the later one is read`)
  }
}

/** The start of the log is kept more safely than its last records may be. Offsets must not be given twice. */
function beginAt(offset: bigint, folder: Folder, findings: string[]): Segment {
  findings.push(`the log ends before its start offset ${offset} and begins there anew`)
  const segment = Segment.fresh(folder, offset)
  segment.create()
  return segment
}

/** From the newest snapshot that can be read, and the headers of all batches since. */
function recoverProducers(folder: Folder, segments: readonly Segment[], snapshots: readonly bigint[], nowMs: number): ProducerStates {
  const read = (offset: bigint) => decodeSnapshot(folder.readWhole(fileName(offset, SNAPSHOT_SUFFIX)))
  const from = snapshots.findLast(offset => read(offset) !== undefined)
  const producers = new ProducerStates(from === undefined ? [] : read(from))
  for (const segment of segments) {
    if (segment.nextOffset <= (from ?? 0n)) continue
    segment.visitBatches(0, segment.bytes, (bytes, at) => {
      if (header.baseOffset(bytes, at) >= (from ?? 0n)) producers.record(bytes, at, nowMs)
      return false
    })
  }
  return producers
}
