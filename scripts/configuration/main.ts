import { writeFileSync } from 'node:fs'
import { renderPage } from './page.ts'

writeFileSync(new URL('../../docs/configuration.md', import.meta.url), renderPage())
