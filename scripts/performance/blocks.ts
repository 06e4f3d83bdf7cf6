import type { Figures } from '../../bench/figures.ts'
import { describe } from '../../bench/machine.ts'
import { renderProfiles } from '../../bench/profile/report-profiles.ts'
import { renderAims, renderOthers, tables } from '../../bench/report.ts'

/** What a run has to say for docs/performance.md, by the name of the block; a block that it has nothing for is absent. */
export function blocksOf(figures: Figures): Readonly<Record<string, string>> {
  const { profiles } = figures
  if (profiles !== undefined) return { profiles: fenced(renderProfiles(profiles)) }
  const remarks = [`${figures.at.slice(0, 10)}, ${describe(figures.machine)}`, renderOthers(figures.usedByOthers)].filter(text => text !== '').join('\n\n')
  return {
    aims: `${remarks}\n\n${fenced(renderAims(figures))}`,
    tables: tables(figures).map(({ title, text }) => `### ${title}\n\n${fenced(text)}`).join('\n\n'),
  }
}

function fenced(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\``
}

/** Puts each block between its two marks (`<!-- bench:NAME -->` … `<!-- /bench:NAME -->`). Throws when a page has no place for one. */
export function fill(page: string, blocks: Readonly<Record<string, string>>): string {
  return Object.entries(blocks).reduce((text, [name, block]) => {
    const [open, close] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`]
    const [start, end] = [text.indexOf(open), text.indexOf(close)]
    if (start < 0 || end < start) throw new Error(`the page has no place for ${name}: expected ${open} and ${close} after it`)
    return `${text.slice(0, start + open.length)}\n\n${block}\n\n${text.slice(end)}`
  }, page)
}
