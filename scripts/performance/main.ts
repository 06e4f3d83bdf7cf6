/** `npm run docs:performance -- figures.json …`: writes the figures of bench runs (`--json`), profiled ones too, into docs/performance.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import type { Figures } from '../../bench/figures.ts'
import { blocksOf, fill } from './blocks.ts'

const PAGE = new URL('../../docs/performance.md', import.meta.url)

const files = process.argv.slice(2)
if (files.length === 0) {
  console.error('usage: npm run docs:performance -- FILE…   (each written by npm run bench -- --json FILE)')
  process.exit(1)
}
const page = files.reduce((text, file) => fill(text, blocksOf(JSON.parse(readFileSync(file, 'utf8')) as Figures)), readFileSync(PAGE, 'utf8'))
writeFileSync(PAGE, page)
