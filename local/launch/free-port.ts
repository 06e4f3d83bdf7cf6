import { createServer } from 'node:net'
import { LOCALHOST } from '../../src/runtime/host-setting.ts'
import { listen } from '../../src/runtime/listen.ts'

/** Below the ranges from which systems serve outgoing connections (Linux 32768, others 49152), so none grabs it meanwhile. */
const [LOWEST, HIGHEST] = [15_000, 32_000]

/** A TCP port of localhost that nobody listens on now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST))
    if (await isFree(port)) return port
  }
}

/** True when nobody listens on this port. */
async function isFree(port: number): Promise<boolean> {
  const listening = await listen(createServer(), { port, hosts: LOCALHOST, portSetting: 'port' }).catch(() => undefined)
  await listening?.close()
  return listening !== undefined
}
