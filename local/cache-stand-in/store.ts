import { DATABASES, Keyspace } from './keyspace.ts'
import { Scripts } from './lua/scripts.ts'
import type { Session } from './session.ts'

/** All that the server holds: the databases, the scripts, and who is connected. */
export class Store {
  readonly databases: readonly Keyspace[]
  readonly sessions = new Set<Session>()
  readonly startedAtMs = Date.now()
  readonly port: number
  readonly scripts: Scripts
  /** Ends the program (SHUTDOWN). */
  readonly shutdown: () => void
  commandsProcessed = 0

  private constructor(scripts: Scripts, port: number, shutdown: () => void) {
    this.scripts = scripts
    this.port = port
    this.shutdown = shutdown
    this.databases = Array.from({ length: DATABASES }, (_, index) => new Keyspace(key => this.#changed(index, key)))
  }

  static async create(options: { port: number; shutdown: () => void }): Promise<Store> {
    return new Store(await Scripts.create(), options.port, options.shutdown)
  }

  #changed(database: number, key: string): void {
    for (const session of this.sessions) session.noticeChange(database, key)
  }
}
