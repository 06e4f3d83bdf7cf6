import { createServer } from 'node:net'
import { LOCALHOST } from '../../src/runtime/host-setting.ts'
import { listen } from '../../src/runtime/listen.ts'

/** Below the ranges that systems use for outgoing connections (Linux 32768, others 49152), so that none of them takes the port meanwhile. */
const [LOWEST, HIGHEST] = [15_000, 32_000]

/** A TCP port of localhost on which nothing listens now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST))
    if (await isFree(port)) return port
  }
}

/** True when nothing listens on this port. */
async function isFree(port: number): Promise<boolean> {
  const listening = await listen(createServer(), { port, hosts: LOCALHOST, portSetting: 'port' }).catch(() => undefined)
  await listening?.close()
  return listening !== undefined
}
