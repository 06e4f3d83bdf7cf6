import { afterAll, beforeAll, beforeEach, describe } from 'vitest'
import type { PostgresVersion } from '../../../local/launch/postgres-binaries.ts'
import { connectClient } from '../../../semaphore/store/connect.ts'
import { readLaneCount } from '../../../semaphore/store/lanes.ts'
import { migrate } from '../../../semaphore/store/migrate.ts'
import type { BatchContext, LimitDefaults } from '../../../semaphore/store/step-columns.ts'
import { takeSteps, type TakenBatch } from '../../../semaphore/store/take-steps.ts'
import type { Outcome, Step } from '../../../semaphore/terms/step.ts'
import type { Queryable } from '../../../src/postgres/connect.ts'
import type { Client } from '../../../src/postgres/pg-types.ts'
import { silent } from '../../ledger/ledger-fixture.ts'
import { firstOrAll } from '../../support/depth.ts'
import { testDatabase, type TestAddress, type TestDatabase } from '../../support/postgres.ts'
import { can } from '../../support/tiers.ts'

export const DEFAULTS: LimitDefaults = { running: 1, waiting: 1000, leaseMs: 0, ageingMs: 60_000 }

/** `tests` with an empty store each, in one database: on the newest Postgres, thoroughly also on the oldest. */
export function describeStore(title: string, tests: (store: () => Store, database: () => TestDatabase) => void): void {
  const versions: readonly PostgresVersion[] = can('postgres15') ? firstOrAll([18, 15] as const) : [18]
  describe.each(versions)(`${title} (PostgreSQL %d)`, version => {
    let database: TestDatabase
    let store: Store
    beforeAll(async () => {
      database = await testDatabase({ version })
      store = await Store.open(database)
    })
    afterAll(async () => {
      await store.close()
      await database.drop()
    })
    beforeEach(() => store.clear())
    tests(
      () => store,
      () => database,
    )
  })
}

/** A semaphore without a program: one session, one batch for each call. */
export class Store {
  readonly client: Client
  readonly #context: BatchContext

  private constructor(client: Client, context: BatchContext) {
    this.client = client
    this.#context = context
  }

  static async open(database: TestAddress, changes: Partial<BatchContext> = {}): Promise<Store> {
    await migrate(database.config, { log: silent })
    const client = await connectClient(database.config, 'test', { planCacheMode: 'force_generic_plan' })
    const context = { laneCount: await readLaneCount(client), defaults: DEFAULTS, graceMs: 0, lanes: [], touched: [], ...changes }
    return new Store(client, context)
  }

  async run(...steps: readonly Step[]): Promise<readonly Outcome[]> {
    return (await this.take(steps)).outcomes
  }

  /** @param db what the batch's query is sent to, if not to the session itself */
  take(steps: readonly Step[], changes: Partial<BatchContext> = {}, db: Queryable = this.client): Promise<TakenBatch> {
    const client = Object.assign(Object.create(this.client) as Client, { query: db.query.bind(db) })
    return takeSteps(client, steps, { ...this.#context, ...changes })
  }

  /** Expires leases and makes the grants that are due. */
  async tick(): Promise<void> {
    await this.take([], { lanes: Array.from({ length: this.#context.laneCount }, (_, lane) => lane) })
  }

  /** As after the migrations. */
  async clear(): Promise<void> {
    await this.rows('truncate resources, commands, waiting, slots, outbox')
    await this.rows('update lanes set published_seq = 0, published_tag = 0')
    await this.rows('update totals set accepted = 0, granted = 0, dropped = 0, finished = 0, cancelled = 0, expired = 0')
  }

  /** All rows of a query. */
  async rows<Row extends object>(text: string): Promise<readonly Row[]> {
    return (await this.client.query<Row>(text)).rows
  }

  /** What is to be published, in order, as "kind command token". */
  async outbox(): Promise<readonly string[]> {
    const rows = await this.rows<{ line: string }>("select concat_ws(' ', kind, command_id, token) as line from outbox order by lane, seq")
    return rows.map(({ line }) => line)
  }

  async close(): Promise<void> {
    await this.client.end()
  }
}
