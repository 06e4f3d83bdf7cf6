import { describe, expect, test } from 'vitest'
import { sendFailure } from '../../../src/cli/rtt/send-failure.ts'

/** As kafkajs throws it: wrapped by its retries. */
const kafkaError = (fields: object, message = 'no'): Error => new Error('retried', { cause: Object.assign(new Error(message), fields) })

describe('a record whose send failed', () => {
  test.each([
    ['may be written if the connection broke after the request was built', {}, true, 'unknown'],
    ['is not written if no request was built', {}, false, 'again'],
    ['is not written if its broker is not the leader', { type: 'NOT_LEADER_FOR_PARTITION', retriable: true }, true, 'again'],
    ['is not written if its topic does not exist', { type: 'UNKNOWN_TOPIC_OR_PARTITION', retriable: true }, true, 'again'],
    ['may be written if the leader waited too long for replicas', { type: 'REQUEST_TIMED_OUT', retriable: true }, true, 'unknown'],
    ['may be written if kafkajs found no leader afterwards', { type: 'LEADER_NOT_AVAILABLE', retriable: true }, true, 'unknown'],
    ['is not written if kafkajs found no leader before', { type: 'LEADER_NOT_AVAILABLE', retriable: true }, false, 'again'],
    ['is refused if it is too large', { type: 'MESSAGE_TOO_LARGE', retriable: false }, true, 'refused'],
    ['is refused if this user may not write', { type: 'TOPIC_AUTHORIZATION_FAILED', retriable: false }, true, 'refused'],
  ] as const)('%s', (_, fields, isEncoded, kind) => {
    expect(sendFailure(kafkaError(fields), isEncoded).kind).toBe(kind)
  })

  test('has the reason in one line', () => {
    expect(sendFailure(kafkaError({}, 'Connection error: connect ECONNREFUSED 127.0.0.1:9'), false).reason).toBe(
      'connect ECONNREFUSED 127.0.0.1:9',
    )
    expect(sendFailure(kafkaError({ type: 'MESSAGE_TOO_LARGE' }, 'too large'), true).reason).toBe('MESSAGE_TOO_LARGE: too large')
  })

  test('is not written if the connection was not open any more', () => {
    expect(sendFailure(new Error('Not connected'), true).kind).toBe('again')
  })
})
