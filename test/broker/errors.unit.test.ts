import { describe, expect, test } from 'vitest'
import { ERROR, ProtocolError } from '../../broker/errors.ts'

describe('a protocol error', () => {
  test('shortens a long message without splitting a character', () => {
    const { message } = new ProtocolError(ERROR.UNKNOWN_TOPIC_OR_PARTITION, `${'x'.repeat(999)}${'😀'.repeat(9)}`)
    expect(message).toBe(`${'x'.repeat(999)}…`)
  })
})
