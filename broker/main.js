#!/usr/bin/env node
// Plain JavaScript, unlike all other sources: a program whose first file is TypeScript loads Node's compiler at every start,
// which costs more time and memory than the whole broker. Modules that are imported from here are cached in compiled form.
import { enableCompileCache, flushCompileCache } from 'node:module'
import { join } from 'node:path'

/** In node_modules: a user that may write there may change the code anyway, and a new install empties it. Any user may write to the folder for temporary files. */
const CACHE = join(import.meta.dirname, '..', 'node_modules', '.cache', 'ping-broker')
/** After everything is loaded: a process that is killed writes nothing when it ends. */
const FLUSH_AFTER_MS = 1_000

enableCompileCache(CACHE)
setTimeout(flushCompileCache, FLUSH_AFTER_MS).unref()
const { runBroker } = await import('./program.ts')

await runBroker(process.argv.slice(2))
