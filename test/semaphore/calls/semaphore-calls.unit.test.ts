import { describe, expect, test } from 'vitest'
import { SemaphoreCalls } from '../../../semaphore/calls/semaphore-calls.ts'
import type { Steps } from '../../../semaphore/terms/step.ts'

/** Answers every submit as the store does after it has committed the step, lost its answer and sent it again. */
const STORED_BEFORE: Steps = { run: async () => ({ outcome: 'repeated', place: 3n, state: 'running', token: 2n }) as never }
const CALL = { resource: 'r', payload: new Uint8Array(0), priority: 0 }

describe('a submit that Postgres has stored before', () => {
  test('is no repeat if the server has made its id: only its own second try can have met it', async () => {
    const submitted = await new SemaphoreCalls(STORED_BEFORE).submit({ ...CALL, commandId: undefined })
    expect(submitted).toMatchObject({ repeated: false, state: 'running', place: 3n, token: 2n })
  })

  test('is a repeat if the caller has given the id', async () => {
    expect(await new SemaphoreCalls(STORED_BEFORE).submit({ ...CALL, commandId: 'a' })).toMatchObject({ repeated: true })
  })
})

describe('a finish of a command that is cancelled', () => {
  const cancelled = (isRepeat: boolean): Steps => ({
    run: async () => ({ outcome: 'already', state: 'cancelled', isRepeat, token: 2n }) as never,
  })
  const finish = (isRepeat: boolean) => new SemaphoreCalls(cancelled(isRepeat)).finish({ resource: 'r', commandId: 'a' })

  test('is answered as a repeat if the cancellation had waited for a finish', async () => {
    expect(await finish(true)).toEqual({ state: 'cancelled', repeated: true, token: 2n })
  })

  test('is refused otherwise', async () => {
    await expect(finish(false)).rejects.toThrow('got state cancelled, expected running')
  })
})
