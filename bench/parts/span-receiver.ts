import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Teardown } from '../teardown.ts'

/** Takes traces as OpenTelemetry's protocol over HTTP sends them, and forgets them. */
export interface SpanReceiver {
  readonly url: string
  /** Bytes that it has got. */
  readonly bytes: () => number
}

/** Starts a receiver of traces that accepts everything. */
export async function startSpanReceiver(teardown: Teardown): Promise<SpanReceiver> {
  let bytes = 0
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => void (bytes += chunk.length))
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  teardown.add(async () => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bytes: () => bytes }
}
