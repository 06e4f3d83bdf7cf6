import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { mergeRuns } from '../../bench/load/cell.ts'
import { blocksOf, fill, readmeBlocksOf } from '../../scripts/performance/blocks.ts'
import { nothing } from './figures-fixture.ts'

const page = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const top = { program: 'server', busyUs: 100, functions: [{ what: 'writev', us: 60 }], packages: [{ what: 'Node, in C++', us: 60 }] }

test('a block replaces only the text between its marks', () => {
  const page = 'before\n<!-- bench:aims -->\nold\n<!-- /bench:aims -->\nafter\n'
  const once = fill(page, { aims: 'new' })
  expect(once).toBe('before\n<!-- bench:aims -->\n\nnew\n\n<!-- /bench:aims -->\nafter\n')
  expect(fill(once, { aims: 'new' })).toBe(once)
})

test('a page without marks for a block is an error', () => {
  expect(() => fill('<!-- bench:aims -->', { aims: '' })).toThrow(
    /no place for aims: expected <!-- bench:aims --> and <!-- \/bench:aims -->/,
  )
})

test('the page has marks for every block, and a profiled run does not change the figures of other runs', () => {
  const plain = {
    ...nothing,
    at: '2026-11-28T12:00:00Z',
    freshness: [{ traffic: 'idle', samples: 3, p50Ms: 12, p99Ms: 15, maxMs: 15, fromCache: 1 } as const],
  }
  expect(fill(page('docs/performance.md'), blocksOf(plain))).toMatch(/freshness, idle, median ms +≤ 20 +12\.0 +reached/)
  const profiled = blocksOf({ ...plain, profiles: { programs: [top], postgres: undefined } })
  expect(Object.keys(profiled)).toEqual(['profiles'])
  expect(fill(page('docs/performance.md'), profiled)).toMatch(/writev +60\.0/)
  expect(fill(page('README.md'), readmeBlocksOf({ ...plain, profiles: { programs: [], postgres: undefined } }))).toBe(page('README.md'))
})

test('the README compares Ping with the contenders, and shows a dash for a section that did not run', () => {
  const cell = (contender: string, measured: number) =>
    mergeRuns(contender, 64, [
      {
        cpu: { server: measured / 1e5 },
        result: { answered: measured, failed: 0, measured, measuredMs: 1000, latencies: [], generatorLoad: 0 },
      },
    ])
  const text = fill(page('README.md'), readmeBlocksOf({ ...nothing, pings: [cell('a', 1000), cell('c', 50), cell('d', 450)] }))
  expect(text).toMatch(/against the plain way[^|]*\| ×9\.00 \|/)
  expect(text).toMatch(/against bare node:http[^|]*\| ×0\.45 \|/)
  expect(text).toMatch(/CPU of a ping in all parts[^|]*\| 10\.0 µs \|/)
  expect(text).toMatch(/no-op handler[^|]*\| – \|/)
})
