import { median } from '../broker/comparison.ts'
import { rssMb } from '../measuring/rss-mb.ts'
import type { Database } from '../parts/databases.ts'
import { takeGrants, untilAccepted, type Stage } from './drive.ts'
import type { Grant } from './semaphore-client.ts'

/** A queue of a million. */
export interface WaitingFigures {
  readonly waiting: number
  /** Requested and queued per second. */
  readonly submitted: number
  /** Of all tables and indexes of the semaphore, per waiting command. */
  readonly bytesPerCommand: number
  /** Memory of the program in MB of RSS; undefined without /proc. */
  readonly rssBeforeMb: number | undefined
  readonly rssAfterMb: number | undefined
  /** Median ms from the finish of a command until the next one is seen, with a short queue and with the long one. */
  readonly shortStepMs: number
  readonly longStepMs: number
}

export interface WaitingOptions {
  readonly database: Database
  /** Of the semaphore. */
  readonly pid: number
  readonly waiting: number
  readonly steps: number
}

const SHORT = 10
/** Rounds, in turns: the machine may become slower or faster. */
const ROUNDS = 4
/** The client keeps no more records in memory than this. */
const CHUNK = 50_000
const SIZE = `select coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint as bytes
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'semaphore' and c.relkind = 'r'`

export async function measureWaiting(stage: Stage, { database, pid, waiting, steps }: WaitingOptions): Promise<WaitingFigures> {
  const [short, long] = [new SteadyQueue(stage, 'short'), new SteadyQueue(stage, 'long')]
  await short.fill(SHORT)
  const [sizeBefore, rssBeforeMb] = [await sizeOf(database), rssMb(pid)]
  const startedMs = performance.now()
  await long.fill(waiting)
  const submitMs = performance.now() - startedMs
  const [sizeAfter, rssAfterMb] = [await sizeOf(database), rssMb(pid)]
  const times = { short: [] as number[], long: [] as number[] }
  for (let round = 0; round < ROUNDS; round++) {
    times.short.push(...(await short.steps(steps / ROUNDS)))
    times.long.push(...(await long.steps(steps / ROUNDS)))
  }
  return {
    waiting,
    submitted: (waiting / submitMs) * 1_000,
    bytesPerCommand: (sizeAfter - sizeBefore) / waiting,
    rssBeforeMb,
    rssAfterMb,
    shortStepMs: median(times.short),
    longStepMs: median(times.long),
  }
}

/** One resource whose queue keeps its length: for each command that is finished, another is requested. */
class SteadyQueue {
  readonly #stage: Stage
  readonly #resource: string
  #requested = 0
  #held: Grant | undefined

  constructor(stage: Stage, resource: string) {
    this.#stage = stage
    this.#resource = resource
  }

  async fill(length: number): Promise<void> {
    const first = takeGrants(this.#stage, 1, grant => (this.#held = grant))
    for (let left = length + 1; left > 0; left -= CHUNK) {
      for (let number = 0; number < Math.min(left, CHUNK); number++) this.#request()
      await this.#stage.client.submitted()
    }
    await first
    await untilAccepted(this.#stage)
  }

  /** In ms each. */
  async steps(count: number): Promise<readonly number[]> {
    const times: number[] = []
    for (let step = 0; step < count; step++) {
      this.#request()
      const sentMs = performance.now()
      const granted = takeGrants(this.#stage, 1, grant => {
        times.push(grant.seenMs - sentMs)
        this.#held = grant
      })
      this.#stage.client.finish(this.#held!)
      await granted
    }
    return times
  }

  #request(): void {
    this.#stage.client.submit(this.#resource, `${this.#resource}-command-${this.#requested++}`, 'the work of a command')
  }
}

async function sizeOf(database: Database): Promise<number> {
  return Number((await database.query(SIZE)).rows[0].bytes)
}
