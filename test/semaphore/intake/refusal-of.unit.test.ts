import { describe, expect, test } from 'vitest'
import { refusalOf } from '../../../semaphore/intake/refusal-of.ts'
import type { Outcome, Step } from '../../../semaphore/terms/step.ts'

const NAMED = { resource: 'r', commandId: 'c' }
const STEPS = {
  submit: { kind: 'submit', ...NAMED, payload: Buffer.alloc(0) },
  finish: { kind: 'finish', ...NAMED },
  extend: { kind: 'extend', ...NAMED },
  cancel: { kind: 'cancel', ...NAMED, when: 'now' },
} as const satisfies Record<string, Step>
const already = (state: 'finished' | 'cancelled' | 'expired', isRepeat = false): Outcome => ({
  outcome: 'already',
  state,
  isRepeat,
  token: 3n,
})

describe('what is published of an outcome', () => {
  test.each<[keyof typeof STEPS, Outcome]>([
    ['submit', { outcome: 'accepted', place: 1n, token: undefined }],
    ['submit', { outcome: 'repeated', place: 1n, state: 'expired', token: 1n }],
    ['finish', { outcome: 'finished', state: 'finished', token: 1n }],
    ['finish', already('finished', true)],
    ['finish', already('cancelled', true)],
    ['cancel', already('cancelled', true)],
    ['extend', { outcome: 'noLease' }],
  ])('of %s is nothing if it was applied (%#)', (kind, outcome) => expect(refusalOf(STEPS[kind], outcome)).toBeUndefined())

  test.each<[keyof typeof STEPS, Outcome, object]>([
    ['submit', { outcome: 'full', limit: 1, waiting: 1 }, { kind: 'refusedFull' }],
    ['submit', { outcome: 'conflict', differs: 'resource', resource: 'x' }, { kind: 'refusedConflict' }],
    ['finish', already('cancelled'), { event: 'finished', reason: 'the command is already cancelled', token: 3n }],
    ['finish', already('expired'), { event: 'finished', reason: 'the command is already expired', token: 3n }],
    ['finish', { outcome: 'notRunning', state: 'waiting' }, { event: 'finished', reason: 'the command still waits' }],
    ['finish', { outcome: 'staleToken', token: 4n }, { event: 'finished', reason: 'the command runs with another token', token: 4n }],
    ['extend', already('finished'), { event: 'extend', reason: 'the command is already finished' }],
    ['cancel', already('finished'), { event: 'cancel', reason: 'the command is already finished' }],
    ['cancel', { outcome: 'unknown' }, { event: 'cancel', reason: 'the resource has no command with this id' }],
  ])('of %s is the reason if nothing was changed (%#)', (kind, outcome, refusal) => {
    expect(refusalOf(STEPS[kind], outcome)).toMatchObject(refusal)
  })
})
