import { readFileSync } from 'node:fs'
import { renderTables } from './tables.ts'

export const PAGE = new URL('../../docs/broker.md', import.meta.url)

const BEGIN = '<!-- Generated from the tables of keys in the code: `npm run docs:broker`. Do not edit. -->'
const END = '<!-- End of what is generated. -->'

/** docs/broker.md with fresh tables between its two marks. */
export function renderPage(): string {
  const page = readFileSync(PAGE, 'utf8')
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (from < 0 || to < from) throw new Error(`docs/broker.md: got no ${from < 0 ? BEGIN : END}`)
  return `${page.slice(0, from + BEGIN.length)}\n\n${renderTables()}\n\n${page.slice(to)}`
}
