import { describe, expect, test } from 'vitest'
import { parseDepth } from './depth.ts'

describe('TEST_DEPTH', () => {
  test('is normal by default, and thorough where CI is true', () => {
    expect([parseDepth({}), parseDepth({ CI: 'true' }), parseDepth({ CI: '1' })]).toEqual(['normal', 'thorough', 'normal'])
  })

  test('overrides CI', () => {
    expect([parseDepth({ TEST_DEPTH: 'normal', CI: 'true' }), parseDepth({ TEST_DEPTH: 'thorough' })]).toEqual(['normal', 'thorough'])
  })

  test('rejects other values', () => {
    expect(() => parseDepth({ TEST_DEPTH: 'deep' })).toThrow('TEST_DEPTH: got "deep", expected normal or thorough')
  })
})
