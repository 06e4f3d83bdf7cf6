import { statSync } from 'node:fs'
import { join } from 'node:path'
import { ProtocolError } from '../../../broker/errors.ts'
import { diskFolder } from '../../../broker/log/disk-folder.ts'
import { PartitionLog } from '../../../broker/log/partition-log.ts'
import { batchesIn } from '../../../broker/records/batch.ts'
import { encodeBatch } from '../../../broker/records/records.ts'

/** Must run with a limit on file sizes: appends to a log until it is refused, three times, and prints what it found. */
const path = process.argv[2]!
const settings = {
  segmentBytes: 10_000_000,
  segmentMs: 1_000_000,
  indexIntervalBytes: 200,
  retentionMs: -1,
  retentionBytes: -1,
  maxMessageBytes: 500_000,
  timestampType: 'CreateTime',
  flushEachAppend: false,
  producerIdExpirationMs: 100_000,
} as const
const log = PartitionLog.open({ folder: diskFolder(path), settings: () => settings, now: () => 5000 })
const append = (size: number) => log.append(encodeBatch([{ value: Buffer.alloc(size, 'x') }], { timestamp: 1000n }))

const refusals: { code: number; message: string }[] = []
let appended = 0
while (refusals.length < 3) {
  try {
    append(1500)
    appended++
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    refusals.push({ code: error.code, message: error.message })
  }
}
const { size } = statSync(join(path, '00000000000000000000.log'))
const readBack = log.read(0n, 10_000_000, { atLeastOneBatch: true }).flatMap(piece => [...batchesIn(piece)]).length
const smallerAppended = append(1).baseOffset === BigInt(appended)
process.stdout.write(JSON.stringify({ appended, refusals, size, readBack, smallerAppended }))
