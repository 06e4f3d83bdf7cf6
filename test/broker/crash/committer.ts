import { offsetCommit } from '../../../broker/wire/tables/offset-commit.ts'
import { offsetFetch } from '../../../broker/wire/tables/offset-fetch.ts'
import type { Random } from '../../support/random.ts'
import { throughCrashes, type PatientConnection } from './patient-connection.ts'
import { nameOf, type Partition, type Place, type Worker } from './place.ts'

export interface CommitterOptions {
  readonly group: string
  readonly place: Place
  readonly random: Random
  readonly partitions: readonly Partition[]
}

const COMMIT_VERSION = 3
const FETCH_VERSION = 4
/** A group without members accepts commits without a generation. */
const NO_GENERATION = -1
const LARGEST_STEP = 50
const NONE = -1n

/** Commits increasing offsets as fast as it can, and checks after each crash that none has gone back. */
export class Committer implements Worker {
  readonly name: string
  readonly violations: string[] = []
  acks = 0
  readonly #options: CommitterOptions
  readonly #acknowledged = new Map<string, bigint>()
  /** Greater than the acknowledged offset if an answer never arrived. */
  readonly #attempted = new Map<string, bigint>()

  constructor(options: CommitterOptions) {
    this.#options = options
    this.name = options.group
  }

  async run(): Promise<void> {
    const { place } = this.#options
    await throughCrashes(place.broker, async connection => {
      await this.#check(connection)
      while (!place.ending.aborted) await this.#commit(connection)
    })
    await throughCrashes(place.broker, connection => this.#check(connection))
  }

  async #check(connection: PatientConnection): Promise<void> {
    const { group, partitions } = this.#options
    const asked = byTopic(partitions).map(([name, own]) => ({ name, partitionIndexes: own.map(({ partition }) => partition) }))
    const { topics, errorCode } = await connection.ask(offsetFetch, FETCH_VERSION, { groupId: group, topics: asked })
    if (errorCode !== 0) this.violations.push(`${group}: fetching offsets returned error ${errorCode}`)
    for (const { name, partitions: fetched } of topics) {
      for (const { partitionIndex, committedOffset } of fetched)
        this.#compare(nameOf({ topic: name, partition: partitionIndex }), committedOffset)
    }
  }

  #compare(key: string, got: bigint): void {
    const [min, max] = [this.#acknowledged.get(key) ?? NONE, this.#attempted.get(key) ?? NONE]
    if (got < min || got > max) this.violations.push(`${this.name}: ${key} has the committed offset ${got}, expected ${min} to ${max}`)
    this.#acknowledged.set(key, got) // an offset that was read must not go back either
  }

  async #commit(connection: PatientConnection): Promise<void> {
    const { group, partitions, random } = this.#options
    const chosen = random.shuffled(partitions).slice(0, random.between(1, partitions.length + 1))
    const next = new Map(
      chosen.map(each => [nameOf(each), (this.#attempted.get(nameOf(each)) ?? 0n) + BigInt(random.between(1, LARGEST_STEP))]),
    )
    for (const [key, offset] of next) this.#attempted.set(key, offset)
    const entry = (each: Partition) => ({
      partitionIndex: each.partition,
      committedOffset: next.get(nameOf(each)) ?? 0n,
      committedMetadata: `of ${this.name}`,
    })
    const { topics } = await connection.ask(offsetCommit, COMMIT_VERSION, {
      groupId: group,
      generationIdOrMemberEpoch: NO_GENERATION,
      memberId: '',
      topics: byTopic(chosen).map(([name, own]) => ({ name, partitions: own.map(entry) })),
    })
    const codes = topics.flatMap(topic => topic.partitions.map(({ errorCode }) => errorCode))
    if (codes.some(code => code !== 0)) return void this.violations.push(`${group}: a commit returned error ${codes.join(', ')}`)
    for (const [key, offset] of next) this.#acknowledged.set(key, offset)
    this.acks++
  }
}

function byTopic(partitions: readonly Partition[]): (readonly [topic: string, own: readonly Partition[]])[] {
  return [...Map.groupBy(partitions, ({ topic }) => topic)]
}
