import { globSync } from 'node:fs'

const ROOT = new URL('../../', import.meta.url)

/** Every page of the documentation, from the root. */
export const PAGES: readonly string[] = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...globSync('docs/*.md', { cwd: ROOT.pathname })]
