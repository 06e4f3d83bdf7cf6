import { Code, ConnectError } from '@connectrpc/connect'
import type { PingRequest, PingResult } from '../../gen/ping/v1/ping_pb.ts'
import type { PingClient } from './ping-client.ts'

/** A message whose results have not all arrived. */
interface Waiting {
  readonly count: number
  readonly results: PingResult[]
  readonly resolve: (results: readonly PingResult[]) => void
  readonly reject: (error: ConnectError) => void
}

/** One call of PingStream: results belong to the messages in the order in which they were sent. */
export class PingStreamCall {
  readonly #waiting: Waiting[] = []
  readonly #outbox: (readonly PingRequest[])[] = []
  readonly #cut = new AbortController()
  #sent = Promise.withResolvers<void>()
  #isLast = false
  #error: ConnectError | undefined

  constructor(client: PingClient) {
    void this.#read(client.stream(this.#messages(), { signal: this.#cut.signal }))
  }

  /** True once nothing more can be sent. */
  get ended(): boolean {
    return this.#error !== undefined || this.#isLast
  }

  /** Sends a message; resolves with its results. Rejects if the stream ends before. */
  send(pings: readonly PingRequest[]): Promise<readonly PingResult[]> {
    return new Promise((resolve, reject) => {
      if (this.#error !== undefined) return reject(this.#error)
      this.#waiting.push({ count: pings.length, results: [], resolve, reject })
      this.#outbox.push(pings)
      this.#sent.resolve()
    })
  }

  /** No more messages will be sent. */
  end(): void {
    this.#isLast = true
    this.#sent.resolve()
  }

  /** Cuts the stream; messages without results are rejected with the error. */
  fail(error: ConnectError): void {
    if (this.#error !== undefined) return
    this.#error = error
    for (const { reject } of this.#waiting.splice(0)) reject(error)
    this.end()
    this.#cut.abort()
  }

  async *#messages(): AsyncGenerator<readonly PingRequest[]> {
    for (;;) {
      for (let pings = this.#outbox.shift(); pings !== undefined; pings = this.#outbox.shift()) yield pings
      if (this.#isLast) return
      await this.#sent.promise
      this.#sent = Promise.withResolvers()
    }
  }

  async #read(answers: AsyncIterable<readonly PingResult[]>): Promise<void> {
    try {
      for await (const results of answers) for (const result of results) this.#take(result)
      this.fail(new ConnectError('the stream ended without a result', Code.Unavailable))
    } catch (error) {
      this.fail(ConnectError.from(error))
    }
  }

  #take(result: PingResult): void {
    const [first] = this.#waiting
    if (first === undefined) throw new ConnectError('got more results than pings were sent', Code.Internal)
    if (first.results.push(result) < first.count) return
    this.#waiting.shift()
    first.resolve(first.results)
  }
}
