import { describe, expect, test } from 'vitest'
import { readSemaphoreSettings } from '../../semaphore/settings.ts'

describe('the settings of the semaphore', () => {
  test.each([
    [{ SEMAPHORE_OUTCOME_TOPIC: 'command-events' }, 'SEMAPHORE_*_TOPIC: got "command-events" twice, expected four different topics'],
    [{ SEMAPHORE_REQUEST_TOPIC: 'r'.repeat(141) }, 'SEMAPHORE_REQUEST_TOPIC: got 141 characters, expected at most 140'],
    [{ SEMAPHORE_RUNNING_LIMIT: '-1' }, /^SEMAPHORE_RUNNING_LIMIT: got "-1", expected an integer from \d+ to \d+$/],
  ])('are refused if they are wrong: %j', (env, message) => expect(() => readSemaphoreSettings(env)).toThrow(message))
})
