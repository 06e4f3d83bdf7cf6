import { describe, expect, test } from 'vitest'
import { PatientSteps } from '../../../semaphore/intake/patient-steps.ts'
import type { Step, Steps } from '../../../semaphore/terms/step.ts'

class Later extends Error {}

const finish = (resource: string, commandId: string): Step => ({ kind: 'finish', resource, commandId })

/** Steps that fail as `failures` says, by command id, how often each; the others are applied in their order. */
function create(failures: Record<string, number>, error: () => Error = () => new Later()) {
  const applied: string[] = []
  const stopping = new AbortController()
  const run = async (step: Step) => {
    const { commandId } = step as Extract<Step, { kind: 'finish' }>
    await Promise.resolve()
    if ((failures[commandId] ?? 0) > 0) {
      failures[commandId]!--
      throw error()
    }
    applied.push(commandId)
    return { outcome: 'unknown' as const }
  }
  const patient = new PatientSteps({
    steps: { run } as Steps,
    isRetried: error => error instanceof Later,
    signal: stopping.signal,
  })
  return { patient, applied, stopping }
}

describe('steps that wait for Postgres', () => {
  test('are run again until they are applied', async () => {
    const { patient, applied } = create({ a: 3 })
    expect(await patient.run(finish('r', 'a'))).toEqual({ outcome: 'unknown' })
    expect(applied).toEqual(['a'])
  })

  test('stay in the order of their resource when all of them fail', async () => {
    const { patient, applied } = create({ a: 2, b: 1, c: 1 })
    const first = ['a', 'b', 'c'].map(id => patient.run(finish('r', id)))
    await Promise.resolve()
    await new Promise(resolve => setTimeout(resolve, 1))
    await Promise.all([...first, patient.run(finish('r', 'd'))])
    expect(applied).toEqual(['a', 'b', 'c', 'd'])
  })

  test('do not wait for a step of another resource', async () => {
    const { patient, applied } = create({ a: 2 })
    await Promise.all([patient.run(finish('r', 'a')), patient.run(finish('other', 'b'))])
    expect(applied).toEqual(['b', 'a'])
  })

  test('reject at once with an error that no retry would mend', async () => {
    const { patient } = create({ a: 1 }, () => new TypeError('wrong'))
    await expect(patient.run(finish('r', 'a'))).rejects.toThrow('wrong')
  })

  test('reject at a stop, with those that wait for them', async () => {
    const { patient, stopping } = create({ a: Infinity })
    const first = patient.run(finish('r', 'a'))
    await new Promise(resolve => setTimeout(resolve, 1))
    const second = patient.run(finish('r', 'b'))
    stopping.abort()
    await expect(first).rejects.toThrow('stopped before the step was applied')
    await expect(second).rejects.toThrow('stopped before the step was applied')
  })
})
