import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { blocksOf, fill } from '../../scripts/performance/blocks.ts'
import { nothing } from './figures-fixture.ts'

const top = { program: 'server', busyUs: 100, functions: [{ what: 'writev', us: 60 }], packages: [{ what: 'Node, in C++', us: 60 }] }

test('a block replaces what was between its marks and nothing else', () => {
  const page = 'before\n<!-- bench:aims -->\nold\n<!-- /bench:aims -->\nafter\n'
  const once = fill(page, { aims: 'new' })
  expect(once).toBe('before\n<!-- bench:aims -->\n\nnew\n\n<!-- /bench:aims -->\nafter\n')
  expect(fill(once, { aims: 'new' })).toBe(once)
})

test('a page without a place for a block is refused', () => {
  expect(() => fill('<!-- bench:aims -->', { aims: '' })).toThrow(/no place for aims: expected <!-- bench:aims --> and <!-- \/bench:aims -->/)
})

test('the page has a place for all that runs say, and a profiled run leaves the figures of the others alone', () => {
  const page = readFileSync(new URL('../../docs/performance.md', import.meta.url), 'utf8')
  const plain = { ...nothing, at: '2026-11-28T12:00:00Z', freshness: [{ traffic: 'idle', samples: 3, p50Ms: 12, p99Ms: 15, maxMs: 15, fromCache: 1 } as const] }
  expect(fill(page, blocksOf(plain))).toMatch(/freshness, idle, median ms +≤ 20 +12\.0 +reached/)
  const profiled = blocksOf({ ...plain, profiles: { programs: [top], postgres: undefined } })
  expect(Object.keys(profiled)).toEqual(['profiles'])
  expect(fill(page, profiled)).toMatch(/writev +60\.0/)
})
