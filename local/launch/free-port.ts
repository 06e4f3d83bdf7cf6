import { createServer, type Server } from 'node:net'
import { LOCALHOST } from '../../src/runtime/host-setting.ts'
import { listen, type Listening } from '../../src/runtime/listen.ts'

/** Below the ranges that systems use for outgoing connections (Linux 32768, others 49152), so that none of them takes the port meanwhile. */
const [LOWEST, HIGHEST] = [15_000, 32_000]
/** Ports that a process claims at a time. As long as it runs, it listens on the first of them, so that no other process claims the same. */
const BLOCK = 50

/** Of this process: the ports of its blocks that are not handed out yet. */
const claimed: number[] = []
let claiming: Promise<void> | undefined

/**
 * A TCP port of localhost on which nothing listens now, and which no other call gets, in this process or in another that runs: what is started
 * on it may end and come back.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = claimed.shift()
    if (port === undefined) await (claiming ??= claimBlock().finally(() => (claiming = undefined)))
    else if (await isFree(port)) return port
  }
}

async function claimBlock(): Promise<void> {
  for (;;) {
    const first = LOWEST + BLOCK * Math.floor(Math.random() * ((HIGHEST - LOWEST) / BLOCK))
    const mark = createServer(socket => socket.destroy())
    if ((await opened(mark, first, ['127.0.0.1'])) === undefined) continue
    mark.unref()
    for (let port = first + 1; port < first + BLOCK; port++) claimed.push(port)
    return
  }
}

/** True when nothing listens on this port. */
async function isFree(port: number): Promise<boolean> {
  const listening = await opened(createServer(), port)
  await listening?.close()
  return listening !== undefined
}

function opened(server: Server, port: number, hosts = LOCALHOST): Promise<Listening | undefined> {
  return listen(server, { port, hosts, portSetting: 'port' }).catch(() => undefined)
}
