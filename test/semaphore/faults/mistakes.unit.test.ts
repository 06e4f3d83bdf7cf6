import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { MISTAKES } from './mistakes.ts'

const FOLDER = new URL('../../../semaphore/store/migrations/', import.meta.url)
const MIGRATIONS = readdirSync(FOLDER)
  .toSorted()
  .map(file => readFileSync(new URL(file, FOLDER), 'utf8'))
  .join('\n')

/** The newest definition of a function. */
function definitionOf(name: string): string {
  const start = MIGRATIONS.lastIndexOf(`function @schema@.${name}(`)
  return MIGRATIONS.slice(start, MIGRATIONS.indexOf('$$;', start))
}

describe('a planted mistake of the semaphore is in the code', () => {
  test.each(Object.entries(MISTAKES))('%s', (_, mistake) => {
    expect(definitionOf(mistake.function).split(mistake.right)).toHaveLength(2)
  })
})
