import { keepCompiled } from '../src/runtime/compile-cache.ts'

keepCompiled()
// Imported after the cache is on, so that the cache holds for all of it.
const { runPong } = await import('./program.ts')

await runPong(process.argv.slice(2), process.env)
