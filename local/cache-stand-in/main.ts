import { parseArgs } from 'node:util'
import { standardOutput } from '../../src/runtime/log-output.ts'
import { NOTICE, SERVER_NAME } from './identity.ts'
import { serve } from './serve.ts'

/** The cache of a machine without Redis: `node local/cache-stand-in/main.ts --port 6379`. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '6379' } } })
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error(`--port: got ${values.port}, expected an integer from 1 to 65535`)
  const output = standardOutput(lines => `(${lines} lines dropped: the output was not read)\n`)
  const log = (line: string) => output.write(`${line}\n`)
  const stop = () => void running.stop().then(() => output.flush(() => process.exit(0)))
  const running = await serve({ port, shutdown: () => setImmediate(stop), log })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop)
  log(`${SERVER_NAME}: ${NOTICE}`)
  log(`ready on redis://127.0.0.1:${port}`)
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
})
