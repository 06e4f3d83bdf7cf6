import { keepCompiled } from '../src/runtime/compile-cache.ts'

keepCompiled()
// Imported after the cache is on, so that the cache holds for all of it.
const { runProcessor } = await import('./program.ts')

await runProcessor(process.argv.slice(2), process.env)
