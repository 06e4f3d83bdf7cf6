import { randomUUID } from 'node:crypto'
import type { RecordedBatch } from '../../src/ledger/record.ts'
import type { ClientConfig } from '../../src/postgres/pg-types.ts'
import type { RequestedPing } from '../../src/server/recorder/ping-recorder.ts'
import { Recorder, type RecorderOptions } from '../../src/server/recorder/recorder.ts'
import { QueueFullError, UnavailableError } from '../../src/transport/errors.ts'
import { silent } from '../ledger/ledger-fixture.ts'

export interface TestRecorder {
  readonly recorder: Recorder
  /** The committed batches, in order. */
  readonly batches: readonly RecordedBatch[]
  /** Number of retries of a batch. */
  retries(): number
  /** Number of refused pings. */
  refusals(): number
}

/** A recorder with the server's defaults. */
export function startRecorder(postgres: ClientConfig, options: Partial<RecorderOptions> = {}): TestRecorder {
  const batches: RecordedBatch[] = []
  let [retries, refusals] = [0, 0]
  const metrics = {
    batchRecorded: () => undefined,
    batchRetried: () => void retries++,
    queueRefused: () => void refusals++,
    watchQueue: () => undefined,
  }
  const recorder = new Recorder({
    postgres,
    log: silent,
    metrics,
    maxBatchSize: 1_000,
    maxQueueLength: 20_000,
    maxQueueAgeMs: 30_000,
    answerWithinMs: 30_000,
    preferredLanes: () => [],
    onRecorded: batch => batches.push(batch),
    ...options,
  })
  return { recorder, batches, retries: () => retries, refusals: () => refusals }
}

export function ping(timestampMs: bigint | 'none' = 1_000n, id: string = randomUUID()): RequestedPing {
  return { id, timestampMs: timestampMs === 'none' ? undefined : timestampMs, idGiven: true }
}

/** A load and its results. */
export interface Load {
  readonly sent: ReadonlySet<string>
  readonly acked: ReadonlySet<string>
  stop(): Promise<void>
}

/** Runs callers that each send one ping after another, and the same ping again if it was not acked, until stopped. */
export function startLoad(recorders: readonly Recorder[], callers: number): Load {
  const [sent, acked] = [new Set<string>(), new Set<string>()]
  let running = true
  const callAgain = async (caller: number): Promise<void> => {
    let next = ping(BigInt(caller))
    for (let turn = caller; running || !acked.has(next.id); turn++) {
      if (acked.has(next.id)) next = ping(BigInt(turn))
      sent.add(next.id)
      await recorders[turn % recorders.length]!.record(next).then(
        () => acked.add(next.id),
        (error: unknown) => {
          if (!(error instanceof UnavailableError || error instanceof QueueFullError)) throw error
        },
      )
    }
  }
  const ended = Promise.all(Array.from({ length: callers }, (_, caller) => callAgain(caller)))
  ended.catch(() => undefined)
  return {
    sent,
    acked,
    stop: async () => {
      running = false
      await ended
    },
  }
}
