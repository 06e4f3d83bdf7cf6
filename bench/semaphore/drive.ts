import { wait, within } from '../../src/runtime/wait.ts'
import type { Run } from '../run-and-exit.ts'
import { benchKafka } from './bench-kafka.ts'
import type { Grant, SemaphoreClient } from './semaphore-client.ts'

/** What a stage works with. */
export interface Stage {
  readonly run: Run
  readonly client: SemaphoreClient
  /** Of the broker. */
  readonly kafkaPort: number
  readonly requestsTopic: string
}

const LIMIT_MS = 900_000
const LOOK_EVERY_MS = 50
/** As of the semaphore, SEMAPHORE_GROUP. */
const GROUP = 'semaphore'

/** Calls `take` with each grant until it has been called `count` times. */
export async function takeGrants({ client }: Stage, count: number, take: (grant: Grant) => void): Promise<void> {
  let left = count
  const all = new Promise<void>(resolve => {
    client.onGrant = grant => {
      take(grant)
      if (--left === 0) resolve()
    }
  })
  await within(LIMIT_MS, `${left} of ${count} commands did not become actionable`, all)
  client.onGrant = () => undefined
}

/** Resolves when the semaphore has committed the offsets of all requests: what was sent is in its queues. */
export async function untilAccepted({ client, kafkaPort, requestsTopic }: Stage): Promise<void> {
  await client.submitted()
  const admin = benchKafka(kafkaPort).admin()
  await admin.connect()
  try {
    const ends = new Map((await admin.fetchTopicOffsets(requestsTopic)).map(({ partition, high }) => [partition, Number(high)]))
    const isBehind = async (): Promise<boolean> => {
      const [committed] = await admin.fetchOffsets({ groupId: GROUP, topics: [requestsTopic] })
      return committed!.partitions.some(({ partition, offset }) => Number(offset) < (ends.get(partition) ?? 0))
    }
    const deadline = Date.now() + LIMIT_MS
    while (await isBehind()) {
      if (Date.now() > deadline) throw new Error(`the semaphore has not read all requests after ${LIMIT_MS} ms`)
      await wait(LOOK_EVERY_MS)
    }
  } finally {
    await admin.disconnect()
  }
}
