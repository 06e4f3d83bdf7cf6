import type { Keyspace } from './keyspace.ts'
import { ARGUMENT_OVERHEAD_BYTES, bytesOf, KEY_OVERHEAD_BYTES } from './limits.ts'
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
  lastCommand = ''
  lastCommandAtMs = Date.now()
  /** The commands of an open MULTI, or undefined outside of one. */
  #queue: (readonly string[])[] | undefined
  #queueBytes = 0
  /** A queued command was invalid: EXEC fails. */
  queueFailed = false
  /** Set by QUIT: the connection ends after its answer. */
  closing = false
  readonly #watched = new Map<Keyspace, Set<string>>()
  #watchedBytes = 0
  /** A watched key changed: EXEC answers nil. */
  dirty = false

  constructor(databases: readonly Keyspace[], id: number, address: string) {
    this.#databases = databases
    this.id = id
    this.address = address
  }

  /** The bytes that it holds of the client's input. */
  get heldBytes(): number {
    return this.#queueBytes + this.#watchedBytes
  }

  get inMulti(): boolean {
    return this.#queue !== undefined
  }

  keys(): Keyspace {
    return this.#databases[this.database]! // SELECT checks the number
  }

  beginQueue(): void {
    this.#queue = []
  }

  enqueue(args: readonly string[]): void {
    this.#queue?.push(args)
    this.#queueBytes += bytesOf(args) + ARGUMENT_OVERHEAD_BYTES
  }

  /** Ends the MULTI and the WATCH. Returns the queued commands. */
  endQueue(): readonly (readonly string[])[] {
    const queue = this.#queue ?? []
    this.#queue = undefined
    this.#queueBytes = 0
    this.queueFailed = false
    this.unwatch()
    return queue
  }

  watch(key: string): void {
    const keys = this.keys()
    const watched = this.#watched.get(keys) ?? new Set()
    if (watched.has(key)) return
    this.#watched.set(keys, watched.add(key))
    this.#watchedBytes += key.length + KEY_OVERHEAD_BYTES
    keys.watch(key, this)
  }

  unwatch(): void {
    for (const [keys, watched] of this.#watched) for (const key of watched) keys.unwatch(key, this)
    this.#watched.clear()
    this.#watchedBytes = 0
    this.dirty = false
  }

  /** True if a watched key has changed, or has expired but is not removed yet. */
  watchedChanged(): boolean {
    for (const [keys, watched] of this.#watched) for (const key of watched) keys.has(key)
    return this.dirty
  }

  reset(): void {
    this.endQueue()
    Object.assign(this, { database: 0, name: '', protocol: 2 })
  }

  /** As CLIENT LIST shows it. */
  describe(): string {
    const seconds = (sinceMs: number) => Math.floor((Date.now() - sinceMs) / 1000)
    const flags = this.#queue ? 'x' : 'N'
    return [
      `id=${this.id} addr=${this.address} name=${this.name} age=${seconds(this.connectedAtMs)} idle=${seconds(this.lastCommandAtMs)} flags=${flags}`,
      `db=${this.database} sub=0 psub=0 multi=${this.#queue?.length ?? -1} tot-mem=${this.heldBytes} cmd=${this.lastCommand} user=default resp=${this.protocol}\n`,
    ].join(' ')
  }
}
