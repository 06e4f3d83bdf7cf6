import { DATABASES, Keyspace } from './keyspace.ts'
import { WARN_EVERY_MS } from './limits.ts'
import type { Session } from './session.ts'
import { Usage } from './usage.ts'

const SWEEP_EVERY_MS = 1_000

/** The state of the server: the databases, the loaded scripts, and the connected clients. */
export class Store {
  readonly usage = new Usage()
  readonly databases: readonly Keyspace[] = Array.from({ length: DATABASES }, () => new Keyspace(this.usage))
  readonly sessions = new Set<Session>()
  readonly startedAtMs = Date.now()
  readonly port: number
  /** The SHA-1s of the loaded scripts. */
  readonly loadedScripts = new Set<string>()
  /** Ends the program (SHUTDOWN). */
  readonly shutdown: () => void
  commandsProcessed = 0
  connectionsReceived = 0
  #sweptAtMs = 0
  readonly #log: (line: string) => void
  readonly #warnedAtMs = new Map<string, number>()

  constructor(options: { port: number; shutdown: () => void; log: (line: string) => void }) {
    this.port = options.port
    this.#log = options.log
    this.shutdown = options.shutdown
  }

  /** True if there is no room for this many more bytes. */
  isFull(moreBytes: number): boolean {
    if (!this.usage.isFull(moreBytes)) return false
    if (Date.now() - this.#sweptAtMs < SWEEP_EVERY_MS) return true
    this.#sweptAtMs = Date.now()
    for (const keys of this.databases) keys.sweep()
    return this.usage.isFull(moreBytes)
  }

  /** Logs a problem, unless one of its kind was logged a short time ago. */
  warn(kind: string, line: string): void {
    if (Date.now() - (this.#warnedAtMs.get(kind) ?? -Infinity) < WARN_EVERY_MS) return
    this.#warnedAtMs.set(kind, Date.now())
    this.#log(line)
  }
}
