import { describeConfigs } from '../../../broker/wire/tables/describe-configs.ts'
import { metadata } from '../../../broker/wire/tables/metadata.ts'
import { wait } from '../../../src/runtime/wait.ts'
import type { Random } from '../../support/random.ts'
import { throughCrashes, type PatientConnection } from './patient-connection.ts'
import type { Place, Worker } from './place.ts'
import { request, RETENTION, TOPIC_RESOURCE, type TopicChange, type TopicFacts } from './topic-change.ts'

export interface TopicMakerOptions {
  /** The prefix of its topics' names. */
  readonly prefix: string
  readonly place: Place
  readonly random: Random
}

const MAX_TOPICS = 12
const MAX_PARTITIONS = 4
const MAX_PAUSE_MS = 25
const DAY_MS = 86_400_000
const METADATA_VERSION = 5
const DESCRIBE_VERSION = 2

/** Creates, changes and deletes topics, and checks after each crash that they match the acknowledged state. */
export class TopicMaker implements Worker {
  readonly name: string
  readonly violations: string[] = []
  acks = 0
  readonly #options: TopicMakerOptions
  readonly #kept = new Map<string, TopicFacts>()
  #pending: TopicChange | undefined
  #created = 0

  constructor(options: TopicMakerOptions) {
    this.#options = options
    this.name = options.prefix
  }

  async run(): Promise<void> {
    const { place, random } = this.#options
    await throughCrashes(place.broker, async connection => {
      await this.#check(connection)
      if (this.#pending) await this.#make(connection, this.#pending, true)
      while (!place.ending.aborted) {
        await this.#make(connection, this.#draw(), false)
        await wait(random.between(0, MAX_PAUSE_MS))
      }
    })
    await throughCrashes(place.broker, connection => this.#check(connection))
  }

  #draw(): TopicChange {
    const { prefix, random } = this.#options
    const retentionMs = String(random.between(DAY_MS, 2 * DAY_MS))
    const kept = [...this.#kept]
    const [name, facts] = kept.length > 0 ? random.pick(kept) : []
    if (name === undefined || facts === undefined || (kept.length < MAX_TOPICS && random.between(0, 2) === 0)) {
      return {
        kind: 'create',
        name: `${prefix}-${this.#created++}`,
        after: { partitions: random.between(1, MAX_PARTITIONS), retentionMs },
      }
    }
    if (kept.length === MAX_TOPICS) return { kind: 'delete', name, after: undefined }
    if (random.between(0, 2) === 0) return { kind: 'grow', name, after: { ...facts, partitions: facts.partitions + 1 } }
    return { kind: 'alter', name, after: { ...facts, retentionMs } }
  }

  async #make(connection: PatientConnection, change: TopicChange, isRepeated: boolean): Promise<void> {
    this.#pending = change
    const wrong = await request(connection, change, isRepeated)
    this.#pending = undefined
    if (wrong !== undefined) return void this.violations.push(wrong)
    if (change.after) this.#kept.set(change.name, change.after)
    else this.#kept.delete(change.name)
    this.acks++
  }

  /** Checks that the topics match the acknowledged state; the state of one that was being changed is unknown. */
  async #check(connection: PatientConnection): Promise<void> {
    const { topics } = await connection.ask(metadata, METADATA_VERSION, { topics: null, allowAutoTopicCreation: false })
    const own = topics.filter(({ name }) => name?.startsWith(`${this.name}-`))
    const got = new Map(own.map(({ name, partitions }) => [name ?? '', partitions.length]))
    const known = [...this.#kept].filter(([name]) => name !== this.#pending?.name)
    for (const [name, { partitions }] of known) {
      if (got.get(name) !== partitions) this.violations.push(`${name} has ${got.get(name)} partitions, expected ${partitions}`)
    }
    for (const name of got.keys()) {
      if (!this.#kept.has(name) && name !== this.#pending?.name) this.violations.push(`${name} exists, expected it not to`)
    }
    await this.#checkConfigs(
      connection,
      known.filter(([name]) => got.has(name)),
    )
  }

  async #checkConfigs(connection: PatientConnection, known: readonly (readonly [string, TopicFacts])[]): Promise<void> {
    const resources = known.map(([name]) => ({ resourceType: TOPIC_RESOURCE, resourceName: name, configurationKeys: [RETENTION] }))
    const { results } = await connection.ask(describeConfigs, DESCRIBE_VERSION, { resources, includeSynonyms: false })
    for (const [place, [name, { retentionMs }]] of known.entries()) {
      const value = results[place]?.configs[0]?.value
      if (value !== retentionMs) this.violations.push(`${name} has ${RETENTION} ${value}, expected ${retentionMs}`)
    }
  }
}
