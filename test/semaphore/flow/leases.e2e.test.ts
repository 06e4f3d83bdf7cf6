import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kafkaKindsAtDepth } from '../../support/kafka.ts'
import { keepLogsOnFailure, until } from '../../support/programs.ts'
import { startFlow, type Flow } from './flow-fixture.ts'

const LEASE_MS = 600
const GRACE_MS = 100

describe.each(kafkaKindsAtDepth())('a slot with a lease (%s)', kind => {
  let flow: Flow
  beforeAll(async () => {
    const settings = { SEMAPHORE_LEASE_MS: String(LEASE_MS), SEMAPHORE_LEASE_GRACE_MS: String(GRACE_MS) }
    flow = await startFlow({ kafka: kind, programs: 2, settings })
  })
  afterAll(() => flow[Symbol.asyncDispose]())
  keepLogsOnFailure()

  const submit = (resource: string, id: string) => flow.request(resource, `do ${id}`, { 'command-id': id })

  test('is free when its holder is silent, the next command gets it, and the late holder learns what happened', async () => {
    await submit('silent', 's1')
    await submit('silent', 's2')
    const first = await flow.untilActionable('s1')
    expect(first.headers['lease-ms']).toBe(String(LEASE_MS))
    const second = await flow.untilActionable('s2')
    expect(second.token).toBe('2')
    const ended = (await (await fetch(`${flow.programs[1]!.url}/command/s1`)).json()) as { grantedAtMs: number; endedAtMs: number }
    expect(ended.endedAtMs - ended.grantedAtMs).toBeGreaterThanOrEqual(LEASE_MS + GRACE_MS)
    expect(ended.endedAtMs - ended.grantedAtMs).toBeLessThan(LEASE_MS + GRACE_MS + 500)
    expect(await flow.untilOutcome('s1', 'expired')).toMatchObject({ resource: 'silent', token: '1' })

    const late = await fetch(`${flow.programs[0]!.url}/event/silent/s1`, { method: 'POST' })
    expect([late.status, await late.json()]).toMatchObject([409, { reason: 'already_over', state: 'expired' }])
    expect(flow.outcomes.filter(({ commandId }) => commandId === 's1')).toHaveLength(1)
  })

  test('is held while its holder extends the lease', async () => {
    await submit('alive', 'a1')
    await submit('alive', 'a2')
    const { token } = await flow.untilActionable('a1')
    for (let times = 0; times < 6; times++) {
      await flow.event('alive', { 'command-id': 'a1', event: 'extend', token: token! })
      await new Promise(resolve => setTimeout(resolve, LEASE_MS / 3))
    }
    expect(flow.actionable.some(({ commandId }) => commandId === 'a2')).toBe(false)
    await flow.event('alive', { 'command-id': 'a1', token: token! })
    await flow.untilActionable('a2')
    await flow.untilOutcome('a1', 'finished')
  })

  test('ends no sooner and once, though every instance looks for it', async () => {
    const ids = Array.from({ length: 10 }, (_, index) => `many${index}`)
    for (const id of ids) await submit(`resource of ${id}`, id)
    for (const id of ids) await flow.untilOutcome(id, 'expired')
    await until('nothing more', () => flow.outcomes.filter(({ commandId }) => ids.includes(commandId)).length === ids.length)
  })
})
