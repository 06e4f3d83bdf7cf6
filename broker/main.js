#!/usr/bin/env node
// Plain JavaScript, unlike all other sources: a program whose first file is TypeScript loads Node's compiler at every start,
// which costs more time and memory than all of the broker. What is imported from here is kept compiled.
import { enableCompileCache, flushCompileCache } from 'node:module'
import { join } from 'node:path'

/** Beside the packages: who may write there may change the code as well, and a fresh install begins anew. The folder for temporary files is everybody's. */
const CACHE = join(import.meta.dirname, '..', 'node_modules', '.cache', 'ping-broker')
/** Once everything is loaded: a program that is killed writes nothing at its end. */
const FLUSH_AFTER_MS = 1_000

enableCompileCache(CACHE)
setTimeout(flushCompileCache, FLUSH_AFTER_MS).unref()
const { runBroker } = await import('./program.ts')

await runBroker(process.argv.slice(2))
