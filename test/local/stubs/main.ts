import { join } from 'node:path'
import { main } from '../../../local/main.ts'
import { dieBeforeNote } from './die-before-note.ts'

/** `npm start` with stubs for the programs: everything else is real. */
const programs = {
  server: join(import.meta.dirname, 'server.ts'),
  processor: join(import.meta.dirname, 'processor.ts'),
  broker: join(import.meta.dirname, '..', '..', '..', 'broker', 'main.js'),
  pong: join(import.meta.dirname, 'pong.ts'),
  semaphore: join(import.meta.dirname, 'semaphore.ts'),
}
const part = process.env['DIES_BEFORE_NOTE']
if (part !== undefined) dieBeforeNote(part)
await main(programs, process.argv.slice(2))
