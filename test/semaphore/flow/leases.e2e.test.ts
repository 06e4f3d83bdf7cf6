import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { wait } from '../../../src/runtime/wait.ts'
import { kafkaKindsAtDepth } from '../../support/kafka.ts'
import { keepLogsOnFailure, until } from '../../support/programs.ts'
import { startFlow, type Flow, type SeenRecord } from './flow-fixture.ts'

const LEASE_MS = 600
const GRACE_MS = 100
/** Of one resource, whose holder must be in time. */
const LONGER_LEASE_MS = 3_000
/** Together they last longer than that. */
const [EXTENSIONS, EXTEND_EVERY_MS] = [6, 600]

/** A relay that has been interrupted publishes a record again. */
const distinct = (records: readonly SeenRecord[]) =>
  new Set(records.map(({ commandId, token, headers }) => `${commandId} ${token} ${headers['outcome']}`))

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
    expect(ended.endedAtMs - ended.grantedAtMs).toBeLessThan(LEASE_MS + GRACE_MS + 30_000)
    expect(await flow.untilOutcome('s1', 'expired')).toMatchObject({ resource: 'silent', token: '1' })

    const late = await fetch(`${flow.programs[0]!.url}/event/silent/s1`, { method: 'POST' })
    expect([late.status, await late.json()]).toMatchObject([409, { reason: 'already_over', state: 'expired' }])
    expect(distinct(flow.outcomes.filter(({ commandId }) => commandId === 's1')).size).toBe(1)
  })

  test('is held while its holder extends the lease', { timeout: 120_000 }, async () => {
    for (let tries = 0; ; tries++) {
      const held = await holdAndFinish(`alive ${tries}`)
      if (!held.isInTime && tries < 5) continue // the machine stopped for longer than the lease
      expect(held).toEqual({ isInTime: true, isGivenOn: false, outcomes: ['finished'] })
      await flow.untilActionable(`next of alive ${tries}`)
      return
    }
  })

  /** Extends a lease for longer than it lasts, then finishes the command. In time: the lease was extended each time before it can have ended. */
  async function holdAndFinish(resource: string) {
    const [id, next] = [`first of ${resource}`, `next of ${resource}`]
    const command = async () => (await (await fetch(`${flow.programs[0]!.url}/command/${id}`)).json()) as { leaseUntilMs?: number }
    const limits = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ leaseMs: LONGER_LEASE_MS }) }
    expect((await fetch(`${flow.programs[0]!.url}/resource/${resource}/limits`, limits)).status).toBe(200)
    let [sinceMs, isInTime] = [performance.now(), true]
    const note = (nextSinceMs: number) => {
      isInTime &&= performance.now() - sinceMs < LONGER_LEASE_MS
      sinceMs = nextSinceMs
    }
    await submit(resource, id)
    await submit(resource, next)
    const { token } = await flow.untilActionable(id)
    for (let times = 0; times < EXTENSIONS; times++) {
      await wait(EXTEND_EVERY_MS)
      const [before, sentMs] = [(await command()).leaseUntilMs, performance.now()]
      await flow.event(resource, { 'command-id': id, event: 'extend', token: token! })
      await until('the lease is extended or has ended', async () => before === undefined || (await command()).leaseUntilMs !== before)
      note(sentMs)
    }
    const isGivenOn = flow.actionable.some(({ commandId }) => commandId === next)
    await flow.event(resource, { 'command-id': id, token: token! })
    const ends = () =>
      flow.outcomes.filter(seen => seen.commandId === id && seen.headers['outcome'] !== 'refused').map(({ headers }) => headers['outcome'])
    await until('the command has ended', () => ends().length > 0)
    note(0)
    return { isInTime, isGivenOn, outcomes: [...new Set(ends())] }
  }

  test('ends no sooner and once, though every instance looks for it', async () => {
    const ids = Array.from({ length: 10 }, (_, index) => `many${index}`)
    for (const id of ids) await submit(`resource of ${id}`, id)
    for (const id of ids) await flow.untilOutcome(id, 'expired')
    expect(distinct(flow.outcomes.filter(({ commandId }) => ids.includes(commandId))).size).toBe(ids.length)
  })
})
