import { HttpConnection } from './http-connection.ts'
import type { LoadOrder } from './messages.ts'

/** A client with one call under way at a time. */
export interface Caller {
  /** Calls. One of the two is called, once: `answered`, with words if it was refused, or `broken`, after which nothing more can be asked. */
  call(answered: (failure?: string) => void, broken: (error: Error) => void): void
  close(): void
}

/** Sends the same HTTP request again and again; anything but 200 is a failure. */
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
