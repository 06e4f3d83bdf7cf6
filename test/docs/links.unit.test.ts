import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { hopsOf, textOf } from '../layers/hops.ts'
import { PAGES } from './pages.ts'

const ROOT = new URL('../../', import.meta.url)

describe('the pages of the documentation', () => {
  test.each(PAGES)('%s names only files that exist', page => {
    const missing = hopsOf(textOf(page)).filter(({ file }) => !existsSync(new URL(file, ROOT)))
    expect(missing.map(({ file }) => file)).toEqual([])
  })

  test.each(PAGES)('%s links only to pages and headings that exist', page => {
    const base = new URL(page, ROOT)
    const links = [...textOf(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)]
    const broken = links.filter(([, path = '', anchor]) => {
      const target = path === '' ? base : new URL(path, base)
      return !existsSync(target) || (anchor !== undefined && !anchorsOf(textOf(target.pathname)).has(anchor))
    })
    expect(broken.map(([link]) => link)).toEqual([])
  })
})

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading)
  return new Set(
    headings.map(heading =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}
