import { expect, test } from 'vitest'
import { toSource } from '../layers/sources.ts'
import { givesName, functionLengths, misnamed, rings, spread } from './figures.ts'

test('lengths are summarised by their median, 90th percentile and maximum', () => {
  expect(spread([4, 1, 3, 2, 10, 5, 6, 7, 8, 9])).toBe('10: median 5, p90 9, largest 10 lines')
})

test('only the lengths of functions are read from the findings of the linter', () => {
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
])('the export %s gives the file %s its name: %s', (exported, file, expected) => expect(givesName(exported, file)).toBe(expected))

test('a file is misnamed if it has exports and none of them gives it its name', () => {
  const file = (name: string, text: string) => toSource(name, text)
  const sources = [file('a/x.ts', 'export class X {}'), file('a/y.ts', 'export class Z {}'), file('a/main.ts', 'run()')]
  expect(misnamed(sources)).toEqual(['a/y.ts'])
})

test('a ring between the folders in a folder is found even if there is none between files', () => {
  const sources = [toSource('a/x/1.ts', "import '../y/1.ts'"), toSource('a/y/2.ts', "import '../x/2.ts'"), toSource('b/x.ts', '')]
  expect(rings(['a', 'b'], sources)).toEqual(['a/x → a/y → a/x'])
})
