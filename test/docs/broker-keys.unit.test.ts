import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { PAGE, renderPage } from '../../scripts/broker-keys/page.ts'
import { renderTables } from '../../scripts/broker-keys/tables.ts'

describe('the tables of keys in docs/broker.md', () => {
  test('are fresh (else: npm run docs:broker)', () => expect(readFileSync(PAGE, 'utf8')).toBe(renderPage()))

  test('have each key in its part', () => {
    const parts = renderTables().split('### ')
    const partWith = (cell: string): string | undefined => parts.find(part => part.includes(cell))?.split('\n')[0]
    expect(partWith('| `num.partitions` | `1` |')).toBe('Supported')
    expect(partWith('`num.io.threads`')).toBe('Accepted without effect')
    expect(partWith('`ssl.*`')).toBe('Refused')
    expect(partWith('| `retention.ms` | `log.retention.ms`')).toBe('Topic keys')
  })
})
