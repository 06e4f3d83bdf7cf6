import type { Submittable } from 'pg'

/** What of pg's connection a COPY needs. */
interface CopyConnection {
  query(text: string): void
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
}

/** `COPY … FROM STDIN` with all its rows at hand, as a query for pg's client. */
export class CopyIn implements Submittable {
  readonly #text: string
  readonly #rows: Buffer
  readonly #done: (error?: Error) => void

  /** `done` is called once, when the rows are committed, or with the error of the server or the connection. */
  constructor(text: string, rows: Buffer, done: (error?: Error) => void) {
    this.#text = text
    this.#rows = rows
    this.#done = done
  }

  submit(connection: unknown): void {
    ;(connection as CopyConnection).query(this.#text)
  }

  handleCopyInResponse(connection: CopyConnection): void {
    connection.sendCopyFromChunk(this.#rows)
    connection.endCopyFrom()
  }

  handleError(error: Error): void {
    this.#done(error)
  }

  handleReadyForQuery(): void {
    this.#done()
  }

  handleCommandComplete(): void {} // readiness follows
}
