import { readFileSync } from 'node:fs'
import { renderApis } from './apis.ts'
import { renderTables } from './tables.ts'

export const PAGE = new URL('../../docs/broker.md', import.meta.url)

/** The generated parts of the page, in order: each stands between its mark and the next END. */
const PARTS = [
  ['<!-- Generated from the tables of keys in the code: `npm run docs:broker`. Do not edit. -->', renderTables],
  ['<!-- Generated from the index of APIs in the code: `npm run docs:broker`. Do not edit. -->', renderApis],
] as const
const END = '<!-- End of what is generated. -->'

/** docs/broker.md with its generated parts made again. */
export function renderPage(): string {
  return PARTS.reduce((page, [begin, render]) => replacePart(page, begin, render()), readFileSync(PAGE, 'utf8'))
}

function replacePart(page: string, begin: string, content: string): string {
  const from = page.indexOf(begin)
  const to = page.indexOf(END, from)
  if (from < 0 || to < 0) throw new Error(`docs/broker.md: got no ${from < 0 ? begin : END}`)
  return `${page.slice(0, from + begin.length)}\n\n${content}\n\n${page.slice(to)}`
}
