#!/usr/bin/env node
import { enableCompileCache, flushCompileCache } from 'node:module'
import { join } from 'node:path'

/** Beside the packages: who may write there may change the code as well, and a fresh install begins anew. The folder for temporary files is everybody's. */
const CACHE = join(import.meta.dirname, '..', 'node_modules', '.cache', 'ping-broker')
/** Once everything is loaded: a program that is killed writes nothing at its end. */
const FLUSH_AFTER_MS = 1_000

enableCompileCache(CACHE)
setTimeout(flushCompileCache, FLUSH_AFTER_MS).unref()
// Imported after the cache is on, so that the cache holds for all of it.
const { runBroker } = await import('./program.ts')

await runBroker(process.argv.slice(2))
