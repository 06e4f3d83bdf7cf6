import type { Api, RequestOf, ResponseOf } from '../wire/api.ts'

/** What a handler gets in addition to the body of a request. */
export interface Call {
  readonly version: number
  readonly clientId: string | null
  /** The address of the client, after a slash, as Kafka shows it. */
  readonly clientHost: string
  /** The advertised address for clients of this listener. */
  readonly advertised: Endpoint
  /** Aborted when the connection closes or the broker stops. */
  readonly signal: AbortSignal
}

export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** Serves one request; `undefined` means that no response is sent. Throws `HangUp` to close the connection instead. */
export type Handler<A extends Api> = (request: RequestOf<A>, call: Call) => ResponseOf<A> | undefined | Promise<ResponseOf<A> | undefined>
