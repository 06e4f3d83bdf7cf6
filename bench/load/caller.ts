import { HttpConnection } from './http-connection.ts'
import type { LoadOrder } from './load-order.ts'

/** A client that makes one call at a time. */
export interface Caller {
  /** Makes a call. Exactly one of the two is called, once: `answered`, with a text if the call failed, or `broken`, after which no call is possible. */
  call(answered: (failure?: string) => void, broken: (error: Error) => void): void
  close(): void
}

/** Sends the same HTTP request repeatedly; every status except 200 is a failure. */
export function httpCallers({ port, request }: LoadOrder): () => Promise<Caller> {
  const bytes = Buffer.from(request, 'latin1')
  return async () => {
    const connection = await HttpConnection.open(port)
    return {
      call: (answered, broken) =>
        connection.send(bytes, ({ status, body }) => (status === 200 ? answered() : answered(`${status}: ${body}`)), broken),
      close: () => connection.close(),
    }
  }
}
