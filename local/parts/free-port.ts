import { createServer } from 'node:net'

/** Below the ranges from which systems serve outgoing connections (Linux 32768, others 49152), so none grabs it meanwhile. */
const [LOWEST, HIGHEST] = [15_000, 32_000]

/** A TCP port of 127.0.0.1 that nobody listens on now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST))
    if (await isFree(port)) return port
  }
}

/** True when nobody listens on this port. */
export async function isFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
