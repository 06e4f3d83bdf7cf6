import { keepCompiled } from '../src/runtime/compile-cache.ts'

keepCompiled()
// Imported after the compile cache is on, so that the cache holds all of it.
const { runSemaphore } = await import('./program.ts')

await runSemaphore(process.argv.slice(2), process.env)
