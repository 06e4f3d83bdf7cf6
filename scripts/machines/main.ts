import { readFileSync, writeFileSync } from 'node:fs'
import { withMachines } from './page.ts'

const PAGE = new URL('../../docs/pong.md', import.meta.url)

writeFileSync(PAGE, withMachines(readFileSync(PAGE, 'utf8')))
