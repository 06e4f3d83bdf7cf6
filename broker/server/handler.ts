import type { Api, RequestOf, ResponseOf } from '../wire/api.ts'

/** What a handler is told about the request besides its body. */
export interface Call {
  readonly version: number
  readonly clientId: string | null
  /** The client's address, with the slash in front that Kafka shows. */
  readonly clientHost: string
  /** Where clients that came this way find this broker. */
  readonly advertised: Endpoint
  /** Aborted when the connection is gone or the broker stops. */
  readonly signal: AbortSignal
}

export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** Answers one request; `undefined` means that no answer is sent. Throws `HangUp` to close the connection instead. */
export type Handler<A extends Api> = (request: RequestOf<A>, call: Call) => ResponseOf<A> | undefined | Promise<ResponseOf<A> | undefined>
