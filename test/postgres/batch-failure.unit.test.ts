import { describe, expect, test } from 'vitest'
import { classifyBatchFailure } from '../../src/postgres/batch-failure.ts'
import { CommitWarningError } from '../../src/postgres/commit-warning.ts'

describe('a failed batch is classified', () => {
  const withCode = (code: string) => Object.assign(new Error(code), { code })
  test.each([
    [new CommitWarningError('canceling wait for synchronous replication'), 'repeat'],
    [withCode('23505'), 'repeat'],
    [withCode('40P01'), 'repeat'],
    [withCode('40001'), 'repeat'],
    [withCode('57P01'), 'reconnect'],
    [withCode('57014'), 'reconnect'],
    [withCode('53100'), 'reconnect'],
    [withCode('25006'), 'reconnect'],
    [withCode('ECONNRESET'), 'reconnect'],
    [new Error('Connection terminated unexpectedly'), 'reconnect'],
    ['not even an error', 'reconnect'],
    [withCode('22008'), 'reject'],
    [withCode('23502'), 'reject'],
  ])('%s: %s', (error, expected) => {
    expect(classifyBatchFailure(error)).toBe(expected)
  })
})
