import type { Driver } from './driver/driver.ts'

/** What a record costs besides its key and value. */
const RECORD_BYTES = 1024

/** Whether another record may be taken: limits the open sessions, and the bytes of records that are not done. */
export class Room {
  readonly #sessions: Pick<Driver<string, string, unknown>, 'isFull' | 'untilRoom'>
  readonly #maxBytes: number
  #bytes = 0
  #waiting: PromiseWithResolvers<void> | undefined

  constructor(sessions: Pick<Driver<string, string, unknown>, 'isFull' | 'untilRoom'>, maxBytes: number) {
    this.#sessions = sessions
    this.#maxBytes = maxBytes
  }

  get isFull(): boolean {
    return this.#sessions.isFull || this.#bytes >= this.#maxBytes
  }

  /** A record is taken. Call what it returns when the record is done. */
  take({ key, value }: { readonly key: Buffer | null; readonly value: Buffer | null }): () => void {
    const bytes = RECORD_BYTES + (key?.length ?? 0) + (value?.length ?? 0)
    this.#bytes += bytes
    return () => {
      this.#bytes -= bytes
      if (this.#bytes >= this.#maxBytes) return
      this.#waiting?.resolve()
      this.#waiting = undefined
    }
  }

  /** Resolves when there is room, or when it is worth looking again. */
  untilRoom(): Promise<void> {
    if (this.#sessions.isFull) return this.#sessions.untilRoom()
    if (this.#bytes < this.#maxBytes) return Promise.resolve()
    return (this.#waiting ??= Promise.withResolvers<void>()).promise
  }
}
