#!/usr/bin/env node
import { keepCompiled } from '../runtime/compile-cache.ts'

keepCompiled()
const LINGER_MS = 200
// Imported after the cache is on, so that the cache holds for all of it.
const { runCli } = await import('./program.ts')

for (const stream of [process.stdout, process.stderr]) {
  // The reader has gone (`pingcli count --watch | head`): nobody is left to tell.
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
}
process.exitCode = await runCli(process.argv.slice(2), process.env)
// A query that was interrupted must not keep the process; what was written to pipes is out by then.
setTimeout(() => process.exit(), LINGER_MS).unref()
