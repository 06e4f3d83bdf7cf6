import { DATABASES, Keyspace } from './keyspace.ts'
import type { Session } from './session.ts'
import { Usage } from './usage.ts'

const SWEEP_EVERY_MS = 1_000
const WARN_EVERY_MS = 60_000

/** All that the server holds: the databases, the scripts that were sent, and who is connected. */
export class Store {
  readonly usage = new Usage()
  readonly databases: readonly Keyspace[] = Array.from({ length: DATABASES }, () => new Keyspace(this.usage))
  readonly sessions = new Set<Session>()
  readonly startedAtMs = Date.now()
  readonly port: number
  /** The SHA-1s of the scripts that were sent. */
  readonly loadedScripts = new Set<string>()
  /** Ends the program (SHUTDOWN). */
  readonly shutdown: () => void
  commandsProcessed = 0
  connectionsReceived = 0
  #sweptAtMs = 0
  #warnedAtMs = -Infinity

  constructor(options: { port: number; shutdown: () => void }) {
    this.port = options.port
    this.shutdown = options.shutdown
  }

  /** True if so many bytes more are too many. */
  isFull(moreBytes: number): boolean {
    if (!this.usage.isFull(moreBytes)) return false
    if (Date.now() - this.#sweptAtMs < SWEEP_EVERY_MS) return true
    this.#sweptAtMs = Date.now()
    for (const keys of this.databases) keys.sweep()
    return this.usage.isFull(moreBytes)
  }

  /** True once a minute. */
  warnsOfHttp(): boolean {
    if (Date.now() - this.#warnedAtMs < WARN_EVERY_MS) return false
    this.#warnedAtMs = Date.now()
    return true
  }
}
