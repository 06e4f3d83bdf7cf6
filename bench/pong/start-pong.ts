import { fileURLToPath } from 'node:url'
import { startChild, untilReady } from '../../local/launch/child.ts'
import { freePort } from '../../local/launch/free-port.ts'
import { systemEnvironment } from '../../local/launch/system-environment.ts'
import { NODE_FLAGS } from '../../local/parts/node-flags.ts'
import { isReady } from '../parts/is-ready.ts'
import type { Run } from '../run-and-exit.ts'

const MAIN = fileURLToPath(new URL('../../pong/main.ts', import.meta.url))

/** Starts one pong server as a process and waits until it is ready. Returns its process id. */
export async function startPong(run: Run, kafkaPort: number): Promise<number> {
  const port = await freePort()
  const env = {
    ...systemEnvironment(),
    KAFKA_BROKERS: `127.0.0.1:${kafkaPort}`,
    PONG_PORT: String(port),
    HOST: '127.0.0.1',
    PONG_NAME: 'bench',
    LOG_LEVEL: 'warn',
  }
  const child = await startChild({ name: 'pong', command: process.execPath, args: [...NODE_FLAGS.pong, MAIN], env })
  run.teardown.add(() => child.stop())
  await untilReady(child, () => isReady(`http://127.0.0.1:${port}`))
  return child.pid
}
