import type { Client, ClientConfig } from 'pg'
import type { Logger } from '../runtime/logger.ts'
import { within } from '../runtime/wait.ts'
import { connectClient, type Queryable } from './connect.ts'

export interface PoolOptions {
  readonly applicationName: string
  /** As in `ConnectOptions`. */
  readonly searchPath?: string
  /** Maximum number of connections. */
  readonly max: number
  readonly log: Logger
  /** A query without an answer by then is cancelled, here and in Postgres. In ms. */
  readonly queryTimeoutMs?: number
}

/** A connection that belongs to the caller until it is released. */
export interface PooledClient extends Queryable {
  /** With an error, the connection is closed instead of reused. */
  release(error?: unknown): void
}

const IDLE_MS = 30_000
/** How long a query waits for a connection while all are in use. */
const TURN_WITHIN_MS = 5_000
const CLOSE_WITHIN_MS = 1_000

/** Connections for reads. `query` connects as needed, as `connectClient` does, and rejects if Postgres is unreachable. */
export class Pool implements Queryable {
  readonly #config: ClientConfig
  readonly #options: PoolOptions
  readonly #clients = new Set<Client>()
  readonly #idle = new Map<Client, NodeJS.Timeout>()
  readonly #waiting = new Set<() => void>()
  #connecting = 0
  #ended = false

  constructor(config: ClientConfig, options: PoolOptions) {
    this.#config = config
    this.#options = options
  }

  readonly query = (async (...args: readonly unknown[]) => {
    const client = await this.connect()
    try {
      const result = await (client.query as (...args: readonly unknown[]) => Promise<unknown>)(...args)
      client.release()
      return result
    } catch (error) {
      client.release(error) // its query may still be running
      throw error
    }
  }) as Client['query']

  /** A connection for several queries, such as a transaction. */
  async connect(): Promise<PooledClient> {
    for (;;) {
      if (this.#ended) throw new Error('the pool was ended')
      const idle = [...this.#idle.keys()].at(-1)
      if (idle) return this.#lease(idle)
      if (this.#clients.size + this.#connecting < this.#options.max) return this.#lease(await this.#open())
      await this.#turn()
    }
  }

  /** Closes idle connections now, and those in use when they are released. */
  async end(): Promise<void> {
    this.#ended = true
    for (const wake of this.#waiting) wake()
    await Promise.all([...this.#idle.keys()].map(client => this.#close(client)))
  }

  async #open(): Promise<Client> {
    const { applicationName, queryTimeoutMs, searchPath, log } = this.#options
    // Cancelled in Postgres as well; otherwise slow reads would pile up there.
    const timeouts = queryTimeoutMs === undefined ? {} : { queryTimeoutMs, statementTimeoutMs: queryTimeoutMs }
    this.#connecting++
    try {
      const client = await connectClient(this.#config, applicationName, {
        ...timeouts,
        ...(searchPath === undefined ? {} : { searchPath }),
      })
      this.#clients.add(client)
      client.on('error', err => this.#idle.has(client) && log.warn({ err }, 'a pooled connection to Postgres broke'))
      client.on('end', () => this.#forget(client))
      return client
    } finally {
      this.#connecting--
      this.#wakeNext()
    }
  }

  #lease(client: Client): PooledClient {
    clearTimeout(this.#idle.get(client))
    this.#idle.delete(client)
    let isReleased = false
    const release = (error?: unknown): void => {
      if (isReleased) return
      isReleased = true
      if (error !== undefined || this.#ended) void this.#close(client)
      else if (this.#clients.has(client)) this.#keep(client)
      // What broke one connection has probably broken all, such as a lost host. Not if Postgres itself answered with an error.
      if (error !== undefined && !isAnswer(error)) for (const other of this.#idle.keys()) void this.#close(other)
    }
    return { query: client.query.bind(client), release }
  }

  #keep(client: Client): void {
    this.#idle.set(client, setTimeout(() => void this.#close(client), IDLE_MS).unref())
    this.#wakeNext()
  }

  async #close(client: Client): Promise<void> {
    this.#forget(client)
    await within(CLOSE_WITHIN_MS, 'not closed', client.end()).catch(() => undefined)
  }

  #forget(client: Client): void {
    clearTimeout(this.#idle.get(client))
    this.#idle.delete(client)
    this.#clients.delete(client)
    this.#wakeNext()
  }

  #wakeNext(): void {
    const [wake] = this.#waiting
    if (!wake) return
    this.#waiting.delete(wake)
    wake()
  }

  /** Waits until a connection is released or closed. */
  async #turn(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.add(resolve)
    await within(TURN_WITHIN_MS, 'all connections to Postgres are in use', promise).finally(() => this.#waiting.delete(resolve))
  }
}

function isAnswer(error: unknown): boolean {
  return error instanceof Error && 'severity' in error
}
