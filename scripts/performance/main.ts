/** `npm run docs:performance -- figures.json …`: writes the figures of bench runs (`--json`), including profiled ones, into docs/performance.md and the README. */
import { readFileSync, writeFileSync } from 'node:fs'
import type { Figures } from '../../bench/report/figures.ts'
import { blocksOf, fill, readmeBlocksOf } from './blocks.ts'

const PAGES = { '../../docs/performance.md': blocksOf, '../../README.md': readmeBlocksOf }

const files = process.argv.slice(2)
if (files.length === 0) {
  console.error('usage: npm run docs:performance -- FILE…   (each written by npm run bench -- --json FILE)')
  process.exit(1)
}
const runs = files.map(file => JSON.parse(readFileSync(file, 'utf8')) as Figures)
for (const [path, blocksFor] of Object.entries(PAGES)) {
  const page = new URL(path, import.meta.url)
  writeFileSync(
    page,
    runs.reduce((text, figures) => fill(text, blocksFor(figures)), readFileSync(page, 'utf8')),
  )
}
