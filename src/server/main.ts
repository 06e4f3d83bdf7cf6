#!/usr/bin/env node
import { enableCompileCache } from 'node:module'

enableCompileCache()
// Imported after the cache is on, so that the cache holds for all of it.
const { runServer } = await import('./program.ts')

await runServer(process.argv.slice(2), process.env)
