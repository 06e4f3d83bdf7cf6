import { expect, test } from 'vitest'
import { selectProtocol, sharesProtocol } from '../../../broker/groups/protocol-selection.ts'
import { protocols } from './group-under-test.ts'

const voters = (...preferences: string[][]) => preferences.map(names => ({ protocols: protocols(...names) }))

test.each([
  ['the first choice of all members', [['range', 'sticky'], ['range']], 'range'],
  [
    'the first choice of most members',
    [
      ['range', 'sticky'],
      ['sticky', 'range'],
      ['sticky', 'range'],
    ],
    'sticky',
  ],
  ['only a protocol that all members support', [['sticky', 'range'], ['sticky', 'range'], ['range']], 'range'],
  [
    'the first choice of the first member if there is a tie',
    [
      ['sticky', 'range'],
      ['range', 'sticky'],
    ],
    'sticky',
  ],
  [
    'by votes among the protocols that all support, not by first choices',
    [
      ['a', 'c', 'b'],
      ['b', 'c'],
      ['c', 'b'],
    ],
    'c',
  ],
])('the group selects %s', (_, preferences, chosen) => {
  expect(selectProtocol(voters(...preferences))).toBe(chosen)
})

test('a client may join if it shares a protocol with all members', () => {
  const members = voters(['range', 'sticky'], ['sticky', 'roundrobin'])
  expect(sharesProtocol(members, protocols('other', 'sticky'))).toBe(true)
  expect(sharesProtocol(members, protocols('range', 'roundrobin'))).toBe(false)
  expect(sharesProtocol(members, [])).toBe(false)
})
