import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { withMachines } from '../../scripts/machines/page.ts'
import { renderMachine } from '../../scripts/machines/render-machine.ts'

const PAGE = readFileSync(new URL('../../docs/pong.md', import.meta.url), 'utf8')

describe('the machines of docs/pong.md', () => {
  test('are fresh (else: npm run docs:machines)', () => expect(PAGE).toBe(withMachines(PAGE)))

  test('are not written into a page that lacks the markers of one', () => {
    expect(() => withMachines(PAGE.replace('<!-- end machine pong -->', ''))).toThrow('expected once <!-- begin machine pong')
  })

  test('are drawn from the rows of their tables', () => {
    const drawn = renderMachine({
      name: 'lamp',
      initial: 'dark',
      states: {
        dark: {
          kind: 'open',
          meaning: 'No light.',
          on: { press: { next: 'lit', actions: ['shine', 'hum'] }, knock: { next: 'lit', actions: [] } },
        },
        lit: { kind: 'settled', meaning: 'Light.', on: { timeout: { next: 'broken', actions: [] } } },
        broken: { kind: 'over', meaning: 'The end.', on: {} },
      },
      events: { press: 'Pressed.', knock: 'Knocked.', timeout: 'Too long.' },
      actions: { shine: 'Shine.', hum: 'Hum.' },
    })
    expect(drawn).toContain('    [*] --> dark\n    dark --> lit: press / shine, hum<br>knock\n    lit --> [*]: timeout\n')
    expect(drawn).toContain('| `dark` | `press` | `lit` | `shine`, `hum` |\n| `dark` | `knock` | `lit` | none |')
    expect(drawn).toContain('| `broken` | over | The end. |')
  })
})
