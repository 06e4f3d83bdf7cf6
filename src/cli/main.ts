#!/usr/bin/env node
import { keepCompiled } from '../runtime/compile-cache.ts'

keepCompiled()
const LINGER_MS = 200
// Imported after the cache is on, so that the cache holds for all of it.
const { runCli } = await import('./program.ts')

for (const stream of [process.stdout, process.stderr]) {
  // The reader has gone (`pingcli count --watch | head`): no one is left to read an error.
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
}
process.exitCode = await runCli(process.argv.slice(2), process.env)
// An interrupted query must not keep the process alive; by then, what was written to pipes is out.
setTimeout(() => process.exit(), LINGER_MS).unref()
