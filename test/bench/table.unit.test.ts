import { expect, test } from 'vitest'
import { ratio, renderTable, short, whole } from '../../bench/table.ts'

test('a table has columns as wide as their widest cell, the first aligned to the left, the others to the right', () => {
  const rows = [
    { name: 'a', value: 5 },
    { name: 'longer', value: 12_345 },
  ]
  const columns = [
    { title: '', cell: (row: (typeof rows)[number]) => row.name },
    { title: 'n', cell: (row: (typeof rows)[number]) => whole(row.value) },
  ]
  expect(renderTable(columns, rows).split('\n')).toEqual([
    '             n', //
    '--------------',
    'a            5',
    'longer  12,345',
  ])
})

test('a table shows at most three significant digits, and a dash for a missing number', () => {
  expect([0.1264, 4.321, 57.31, 1234.5].map(short)).toEqual(['0.126', '4.32', '57.3', '1235'])
  expect([0.834, 12.34].map(ratio)).toEqual(['×0.83', '×12.3'])
  expect([whole(NaN), short(undefined), ratio(1 / 0)]).toEqual(['–', '–', '–'])
})
