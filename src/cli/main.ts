#!/usr/bin/env node
import { enableCompileCache } from 'node:module'

enableCompileCache()
// Imported after the cache is on, so that the cache holds for all of it.
const { runCli } = await import('./program.ts')

for (const stream of [process.stdout, process.stderr]) {
  // The reader has gone (`pingcli count --watch | head`): nobody is left to tell.
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
}
process.exitCode = await runCli(process.argv.slice(2), process.env)
