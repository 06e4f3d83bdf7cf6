import { expect, test } from 'vitest'
import { toSource } from '../layers/sources.ts'
import { bears, functionLengths, otherwiseNamed, rings, spread } from './figures.ts'

test('lengths are summed up by their median, the length that nine of ten do not exceed, and the largest', () => {
  expect(spread([4, 1, 3, 2, 10, 5, 6, 7, 8, 9])).toBe('10: median 5, p90 9, largest 10 lines')
})

test('the lengths of functions are read from what the linter reports, and nothing else is', () => {
  const finding = (message: string) => ({ code: '', message, filename: '' })
  expect(
    functionLengths([finding('The function `run` has too many lines (5). Maximum allowed is 0.'), finding('Unexpected `any`.')]),
  ).toEqual([5])
})

test.each([
  ['readHolding', 'read-holding', true],
  ['READ_HOLDING', 'read-holding', true],
  ['readPositions', 'positions', true],
  ['CannotStart', 'errors', false],
])('an export %s bears the name of the file %s: %s', (exported, file, expected) => expect(bears(exported, file)).toBe(expected))

test('a file is named otherwise if it exports something and none of it bears its name', () => {
  const file = (name: string, text: string) => toSource(name, text)
  const sources = [file('a/x.ts', 'export class X {}'), file('a/y.ts', 'export class Z {}'), file('a/main.ts', 'run()')]
  expect(otherwiseNamed(sources)).toEqual(['a/y.ts'])
})

test('a ring between the folders of a folder is found though none is between its files', () => {
  const sources = [toSource('a/x/1.ts', "import '../y/1.ts'"), toSource('a/y/2.ts', "import '../x/2.ts'"), toSource('b/x.ts', '')]
  expect(rings(['a', 'b'], sources)).toEqual(['a/x → a/y → a/x'])
})
