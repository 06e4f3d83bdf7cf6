import { describe, expect, test } from 'vitest'
import { stepFault } from '../../../semaphore/steps/check-step.ts'
import type { SetLimits, Step, Submit } from '../../../semaphore/terms/step.ts'

const submit: Submit = { kind: 'submit', resource: 'r', commandId: 'c', payload: Buffer.from('x'), priority: 9 }
const limits: SetLimits = { kind: 'limits', resource: 'r', running: 0, waiting: null, rate: { count: 1, windowMs: 1 } }
const finish: Step = { kind: 'finish', resource: 'r', commandId: 'c', token: 1n }
const bounds = { maxPayloadBytes: 4 }

describe('a step of the semaphore', () => {
  test.each<Step>([submit, limits, finish, { ...finish, kind: 'cancel', when: 'now' }])('is valid: $kind', step =>
    expect(stepFault(step, bounds)).toBeUndefined(),
  )

  test.each<[string, Step, RegExp]>([
    ['a resource with a NUL byte', { ...submit, resource: 'a\0b' }, /^resource: got .*expected 1 to 200 characters/],
    ['a command id that is empty', { ...finish, commandId: '' }, /^command id: got nothing, expected/],
    ['a payload that is too large', { ...submit, payload: Buffer.alloc(5) }, /^payload: got 5 bytes, expected at most 4$/],
    ['a priority above 9', { ...submit, priority: 10 }, /^priority: got 10, expected an integer from 0 to 9$/],
    ['a priority that is no integer', { ...submit, priority: 0.5 }, /^priority: got 0.5/],
    ['a token beyond 64 bits', { ...finish, token: 2n ** 63n }, /^token: got 9223372036854775808, expected/],
    ['a negative limit', { ...limits, running: -1 }, /^running: got -1, expected an integer from 0 to 2147483647$/],
    ['a lease of a century', { ...limits, leaseMs: 4e12 }, /^lease in ms: got 4000000000000/],
    ['a rate of 0 grants', { ...limits, rate: { count: 0, windowMs: 1 } }, /^rate count: got 0, expected an integer from 1/],
  ])('is refused with %s', (_, step, fault) => expect(stepFault(step, bounds)).toMatch(fault))
})
