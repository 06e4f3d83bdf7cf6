import { eventsOfRun, type EventRun } from '../../../src/events/event-run.ts'
import type { PingEvent } from '../../../src/events/event.ts'
import type { RecordedBatch } from '../../../src/ledger/record.ts'
import type { Client } from '../../../src/postgres/pg-types.ts'
import { HeldLanes } from '../../../src/relay/held-lanes.ts'
import { PublishedPositions } from '../../../src/relay/published-positions.ts'
import type { RelayOptions } from '../../../src/relay/relay-options.ts'
import { Rollup } from '../../../src/relay/rollup.ts'
import { sendOnce } from '../../../src/relay/send-once.ts'
import { silent } from '../../ledger/ledger-fixture.ts'
import { Steps } from '../../processor/simulation/steps.ts'
import type { SimulatedPostgres } from './postgres.ts'

const nothing = () => undefined
const metrics = { published: nothing, publishLag: nothing, foldLag: nothing, lanesHeld: nothing, relayRetried: nothing }

/** What one of the session's loops does in a round. */
export const ROUNDS = ['take', 'look', 'publish', 'move', 'fold'] as const
export type Round = (typeof ROUNDS)[number]

/** One session of a relay as src/relay/relay-session.ts puts it together; its loops are the schedule's. */
export class SimulatedRelay {
  /** Its statements and its sends that the schedule has not decided on. */
  readonly statements = new Steps()
  readonly sends = new Steps()
  /** A statement failed: its process may still send what it has. */
  isDead = false
  readonly held: HeldLanes
  readonly #rounds: Readonly<Record<Round, () => Promise<unknown>>>
  readonly #running = new Set<Round>()

  constructor(postgres: SimulatedPostgres, topic: PingEvent[]) {
    let last: Promise<unknown> = Promise.resolve()
    const query = (...args: Parameters<SimulatedPostgres['query']>) => {
      const answer = last.then(() => this.statements.request(() => postgres.query(...args)))
      last = answer.catch(nothing)
      return answer
    }
    const client = { query } as unknown as Client
    const publisher = { publish: (runs: readonly EventRun[]) => this.sends.request(() => void topic.push(...runs.flatMap(eventsOfRun))) }
    const options = { log: silent, metrics, publisher } as unknown as RelayOptions
    const held = new HeldLanes(client, { log: silent, metrics, onWork: nothing })
    const published = new PublishedPositions(client, held, options)
    const rollup = new Rollup(client, held, silent)
    this.held = held
    this.#rounds = {
      take: () => held.take(),
      look: () => held.look(),
      publish: () => held.readMissing().then(() => sendOnce(held.queues, options)),
      move: () => published.move(),
      fold: () => rollup.fold(),
    }
  }

  /** Begins a round of a loop, unless its last is under way. */
  begin(round: Round): void {
    if (this.#running.has(round) || this.isDead) return
    this.#running.add(round)
    this.#rounds[round]().then(
      () => this.#running.delete(round),
      () => (this.isDead = true),
    )
  }

  offer(batch: RecordedBatch): void {
    if (!this.isDead) this.held.offer(batch)
  }

  get isAtRest(): boolean {
    return this.#running.size === 0
  }
}
