import * as header from '../records/batch.ts'
import { fileName, INDEX_SUFFIX, offsetsOf, SEGMENT_SUFFIX, SNAPSHOT_SUFFIX } from './file-names.ts'
import { ASIDE_SUFFIX, type Folder } from './folder.ts'
import { ProducerStates } from './producer-states.ts'
import type { Circumstances } from './segment-content.ts'
import { Segment, type ScannedSegment } from './segment.ts'
import { Segments } from './segments.ts'
import { Snapshots } from './snapshots.ts'
import { readStartOffset, START_OFFSET_FILE } from './start-offset.ts'

/** A log as recovered from its folder. */
export interface Recovered {
  readonly segments: Segments
  readonly startOffset: bigint
  readonly producers: ProducerStates
  readonly snapshots: Snapshots
  /** Everything that differs from a clean stop, as text for the broker's log. */
  readonly findings: readonly string[]
}

/**
 * Recovers a log from its folder. Nothing that can be read is removed: a missing or damaged part in the middle
 * is reported and skipped; only bytes after the last valid batch are cut off.
 */
export function recover(folder: Folder, circumstances: Circumstances): Recovered {
  const names = folder.names()
  for (const name of names) if (name.endsWith(ASIDE_SUFFIX)) folder.remove(name)
  const findings: string[] = []
  const stored = names.includes(START_OFFSET_FILE) ? readStartOffset(folder) : 0n
  const list = openSegments(folder, names, circumstances, findings)
  nameGaps(list, findings)
  if (list.length === 0) list.push(Segment.fresh(folder, stored))
  if (list.at(-1)!.nextOffset < stored) list.push(beginAt(stored, folder, findings))
  const snapshots = new Snapshots(folder, offsetsOf(names, SNAPSHOT_SUFFIX))
  snapshots.removeAfter(list.at(-1)!.nextOffset)
  const producers = recoverProducers(list, snapshots, circumstances.nowMs, findings)
  const segments = new Segments(folder, list)
  segments.removeBefore(stored)
  return { segments, startOffset: segments.baseOffset > stored ? segments.baseOffset : stored, producers, snapshots, findings }
}

function openSegments(folder: Folder, names: readonly string[], circumstances: Circumstances, findings: string[]): Segment[] {
  const bases = offsetsOf(names, SEGMENT_SUFFIX)
  for (const offset of offsetsOf(names, INDEX_SUFFIX)) if (!bases.includes(offset)) folder.remove(fileName(offset, INDEX_SUFFIX))
  const opened = bases.map(base =>
    openSegment(folder, base, circumstances, names.includes(fileName(base, INDEX_SUFFIX)) ? findings : undefined),
  )
  const lastWithBytes = opened.findLastIndex(({ fileBytes }) => fileBytes > 0)
  for (const [place, { segment, fileBytes, problem }] of opened.entries()) {
    if (problem === undefined) {
      if (place < lastWithBytes) indexAgain(segment, findings)
      continue
    }
    const finding = `${fileBytes - segment.bytes} bytes from offset ${segment.nextOffset} on are not valid batches (${problem})`
    findings.push(`${finding}; they ${place === lastWithBytes ? 'were cut off' : 'are skipped'}`)
    if (place === lastWithBytes) segment.cutTail()
  }
  return withoutEmptyFiles(opened, opened[lastWithBytes]?.segment.nextOffset ?? 0n)
}

/** `findings` gets a line if the index cannot be used. */
function openSegment(folder: Folder, base: bigint, circumstances: Circumstances, findings?: string[]): ScannedSegment {
  const indexed = Segment.indexed(folder, base)
  if (indexed) return { segment: indexed, fileBytes: indexed.bytes }
  findings?.push(`the index of the segment at ${base} is damaged; the segment is read instead`)
  const scanned = Segment.scanned(folder, base, circumstances)
  // The writes of a killed process may not be on disk yet, and consumers are about to read them.
  scanned.segment.sync()
  return scanned
}

/** Writes the index, so that the next start need not read the segment. If that fails, the next start reads it. */
function indexAgain(segment: Segment, findings: string[]): void {
  if (segment.isFinished) return
  try {
    segment.writeIndex()
  } catch (error) {
    findings.push(`the index of the segment at ${segment.baseOffset} cannot be written: ${String(error)}`)
  }
}

/**
 * An empty file at the end records where the log ends after everything before it was deleted. Any other empty file
 * is left over from a segment that was never written to.
 */
function withoutEmptyFiles(opened: readonly ScannedSegment[], end: bigint): Segment[] {
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
    if (next.baseOffset > segment.nextOffset)
      findings.push(`the offsets ${segment.nextOffset} to ${next.baseOffset - 1n} are missing and are skipped`)
    else findings.push(`the offsets ${next.baseOffset} to ${segment.nextOffset - 1n} are in two segments; the later one is read`)
  }
}

/** The start offset may be more durable than the last records. No offset may be assigned twice. */
function beginAt(offset: bigint, folder: Folder, findings: string[]): Segment {
  findings.push(`the log ends before its start offset ${offset} and continues at that offset`)
  const segment = Segment.fresh(folder, offset)
  segment.create()
  return segment
}

/** From the newest readable snapshot and the headers of all later batches. */
function recoverProducers(segments: readonly Segment[], snapshots: Snapshots, nowMs: number, findings: string[]): ProducerStates {
  const { offset, states } = snapshots.newest(findings) ?? { offset: 0n, states: [] }
  const producers = new ProducerStates(states)
  for (const segment of segments) {
    if (segment.nextOffset <= offset) continue
    segment.visitBatches(0, segment.bytes, (bytes, at) => {
      if (header.baseOffset(bytes, at) >= offset) producers.record(bytes, at, nowMs)
      return false
    })
  }
  return producers
}
