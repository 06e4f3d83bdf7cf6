import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Listens on a free port, reports it to the bench, and ends when the bench does. */
export function serve(handler: RequestListener, onEnd: () => Promise<unknown> = async () => undefined): void {
  const server = createServer(handler)
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
  process.on('disconnect', () => void onEnd().finally(() => process.exit(0)))
}
