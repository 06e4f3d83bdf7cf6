import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TWINS } from '../../../local/cache-stand-in/scripts/scripting.ts'

const SCRIPTS = new URL('../../../src/counters/scripts/', import.meta.url)

test('every script of Ping has a twin in the cache stand-in (after changing a script, change its twin, and then the SHA-1 there)', () => {
  const scripts = readdirSync(SCRIPTS).map(file => [
    file.replace('.lua', ''),
    createHash('sha1')
      .update(readFileSync(new URL(file, SCRIPTS)))
      .digest('hex'),
  ])
  expect(Object.fromEntries(TWINS.map(({ name, sha1 }) => [name, sha1]))).toEqual(Object.fromEntries(scripts))
})
