import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { ProtocolError } from '../../../broker/errors.ts'
import { diskFolder } from '../../../broker/log/disk-folder.ts'
import type { Folder } from '../../../broker/log/folder.ts'
import { memoryFolder } from '../../../broker/log/memory-folder.ts'
import { PartitionLog, type LogSettings } from '../../../broker/log/partition-log.ts'
import { batchesIn, CRC_FROM, HEADER_BYTES, maxTimestamp, setCrc, writeHeader } from '../../../broker/records/batch.ts'
import { crc32c } from '../../../broker/records/crc32c.ts'
import { decodeRecords, encodeBatch } from '../../../broker/records/records.ts'

export const SETTINGS: LogSettings = {
  segmentBytes: 1_000_000,
  segmentMs: 1_000_000,
  indexIntervalBytes: 200,
  retentionMs: -1,
  retentionBytes: -1,
  maxMessageBytes: 500_000,
  timestampType: 'CreateTime',
  flushEachAppend: false,
  producerIdExpirationMs: 100_000,
}

export interface BatchOptions {
  readonly values?: readonly string[]
  /** ms; one for all records, or one for each. */
  readonly times?: number | readonly number[]
  readonly producer?: { readonly id: number; readonly epoch: number; readonly sequence: number }
}

/** A batch as a producer sends it. */
export function batchOf({ values = ['a value'], times = 1000, producer }: BatchOptions = {}): Buffer {
  const timeOf = (index: number): bigint => BigInt(typeof times === 'number' ? times : times[index]!)
  const batch = encodeBatch(
    values.map((value, index) => ({ value: Buffer.from(value), timestamp: timeOf(index) })),
    { timestamp: timeOf(0) },
  )
  if (producer === undefined) return batch
  return sealed({ body: batch.subarray(HEADER_BYTES), count: values.length, time: timeOf(0), maxTime: maxTimestamp(batch, 0), producer })
}

/** A batch with the given header fields. */
export function sealed(options: {
  readonly body: Buffer
  readonly count: number
  readonly time?: bigint
  readonly maxTime?: bigint
  readonly attributes?: number
  readonly producer?: BatchOptions['producer']
}): Buffer {
  const { body, count, time = 1000n, maxTime = time, attributes = 0, producer } = options
  const header = writeHeader({
    baseTimestamp: time,
    maxTimestamp: maxTime,
    recordCount: count,
    bodyBytes: body.length,
    attributes,
    ...(producer && { producerId: BigInt(producer.id), producerEpoch: producer.epoch, baseSequence: producer.sequence }),
  })
  const batch = Buffer.concat([header, body])
  return setCrc(batch, crc32c(batch, CRC_FROM, batch.length))
}

/** A log over a folder, with a clock and settings that the test controls. */
export interface LogUnderTest {
  readonly folder: Folder
  settings: LogSettings
  nowMs: number
  log: PartitionLog
  /** Opens the folder again; call `close` first for a clean stop. */
  reopen(): PartitionLog
}

export function logOn(folder: Folder, settings: Partial<LogSettings> = {}): LogUnderTest {
  const open = (): PartitionLog => PartitionLog.open({ folder, settings: () => under.settings, now: () => under.nowMs })
  const under = { folder, settings: { ...SETTINGS, ...settings }, nowMs: 5000, reopen: () => (under.log = open()) } as LogUnderTest
  under.log = open()
  return under
}

export const FOLDERS: Readonly<Record<string, () => Folder>> = {
  disk: () => diskFolder(temporaryPath()),
  memory: memoryFolder,
}

export function temporaryPath(): string {
  const path = mkdtempSync(join(tmpdir(), 'ping-log-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** The files under a path that this process holds open. */
export function openFiles(path: string): string[] {
  const targets = readdirSync('/proc/self/fd').map(descriptor => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`)
    } catch {
      return '' // closed in the meantime
    }
  })
  return targets.filter(target => target.startsWith(path))
}

/** All records from offset `from`, as `offset:value`, read with this many bytes at a time. */
export function contentOf(log: PartitionLog, { from = log.startOffset, maxBytes = 1000 } = {}): string[] {
  const content: string[] = []
  let next = from
  for (;;) {
    const pieces = log.read(next, maxBytes, { atLeastOneBatch: true })
    if (pieces.length === 0) return content
    for (const { offset, value } of pieces.flatMap(recordsOf)) {
      if (offset >= from) content.push(`${offset}:${value?.toString()}`)
      next = offset + 1n
    }
  }
}

export function recordsOf(piece: Buffer): ReturnType<typeof decodeRecords> {
  return [...batchesIn(piece)].flatMap(batch => decodeRecords(batch))
}

/** The code and the message of the thrown error. */
export function refusal(run: () => unknown): { readonly code: number; readonly message: string } {
  try {
    run()
  } catch (error) {
    if (error instanceof ProtocolError) return { code: error.code, message: error.message }
    throw error
  }
  throw new Error('nothing was refused')
}
