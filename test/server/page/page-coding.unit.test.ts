import { expect, test } from 'vitest'
import { codingFor } from '../../../src/server/page/html/page-coding.ts'

test.each([
  ['gzip, deflate, br, zstd', 'br'],
  ['GZIP', 'gzip'],
  ['br;q=0, gzip;q=0.5', 'gzip'],
  ['br; q=0.000, gzip; q=0', 'identity'],
  ['br;q=0.1', 'br'],
  ['*', 'identity'],
  ['', 'identity'],
  [undefined, 'identity'],
])('the page is compressed for a caller that accepts %s as %s', (accepted, expected) => expect(codingFor(accepted)).toBe(expected))
