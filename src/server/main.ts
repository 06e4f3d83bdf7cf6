#!/usr/bin/env node
import { keepCompiled } from '../runtime/compile-cache.ts'

keepCompiled()
// Imported after the compile cache is on, so that the cache holds all of it.
const { runServer } = await import('./program.ts')

await runServer(process.argv.slice(2), process.env)
