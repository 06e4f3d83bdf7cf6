import { join } from 'node:path'
import { main } from '../../../local/main.ts'

/** `npm start` with stubs for server and processor: everything else is real. */
await main({
  server: join(import.meta.dirname, 'server.ts'),
  processor: join(import.meta.dirname, 'processor.ts'),
  broker: join(import.meta.dirname, '..', '..', '..', 'broker', 'main.js'),
})
