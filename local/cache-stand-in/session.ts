import type { Keyspace } from './keyspace.ts'
import type { Protocol } from './resp-writer.ts'

/** One connection's state. */
export class Session {
  readonly id: number
  readonly address: string
  readonly connectedAtMs = Date.now()
  readonly #databases: readonly Keyspace[]
  protocol: Protocol = 2
  database = 0
  name = ''
  /** The commands of an open MULTI, or undefined outside of one. */
  queue: (readonly string[])[] | undefined
  /** A queued command was wrong: EXEC refuses. */
  queueFailed = false
  /** Set by QUIT: the connection ends after its answer. */
  closing = false
  readonly #watched = new Set<string>()
  /** A watched key changed: EXEC answers nil. */
  dirty = false

  constructor(databases: readonly Keyspace[], id: number, address: string) {
    this.#databases = databases
    this.id = id
    this.address = address
  }

  keys(): Keyspace {
    return this.#databases[this.database] as Keyspace // SELECT checks the number
  }

  watch(key: string): void {
    this.#watched.add(`${this.database} ${key}`)
  }

  unwatch(): void {
    this.#watched.clear()
    this.dirty = false
  }

  noticeChange(database: number, key: string): void {
    if (this.#watched.size > 0 && this.#watched.has(`${database} ${key}`)) this.dirty = true
  }

  /** As CLIENT LIST shows it. */
  describe(): string {
    const ageS = Math.floor((Date.now() - this.connectedAtMs) / 1000)
    return `id=${this.id} addr=${this.address} name=${this.name} age=${ageS} db=${this.database} multi=${this.queue?.length ?? -1} resp=${this.protocol}\n`
  }
}
