import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { LONGEST } from './longest-first.ts'

test('the files that start first exist', () => {
  const root = join(import.meta.dirname, '..', '..')
  expect(Object.keys(LONGEST).filter(file => !existsSync(join(root, file)))).toEqual([])
})
