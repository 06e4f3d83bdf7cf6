import { expect, test } from 'vitest'
import { selectProtocol, sharesProtocol } from '../../../broker/groups/protocol-selection.ts'
import { protocols } from './group-under-test.ts'

const voters = (...likings: string[][]) => likings.map(names => ({ protocols: protocols(...names) }))

test.each([
  ['what all like best', [['range', 'sticky'], ['range']], 'range'],
  [
    'what most like best',
    [
      ['range', 'sticky'],
      ['sticky', 'range'],
      ['sticky', 'range'],
    ],
    'sticky',
  ],
  ['only what all support', [['sticky', 'range'], ['sticky', 'range'], ['range']], 'range'],
  [
    'with as many votes, what the first member likes best',
    [
      ['sticky', 'range'],
      ['range', 'sticky'],
    ],
    'sticky',
  ],
  [
    'by votes for what all support, not for what is liked best',
    [
      ['a', 'c', 'b'],
      ['b', 'c'],
      ['c', 'b'],
    ],
    'c',
  ],
])('chooses %s', (_, likings, chosen) => {
  expect(selectProtocol(voters(...likings))).toBe(chosen)
})

test('somebody fits who supports one protocol that all others support', () => {
  const members = voters(['range', 'sticky'], ['sticky', 'roundrobin'])
  expect(sharesProtocol(members, protocols('other', 'sticky'))).toBe(true)
  expect(sharesProtocol(members, protocols('range', 'roundrobin'))).toBe(false)
  expect(sharesProtocol(members, [])).toBe(false)
})
