import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kafkaKindsAtDepth } from '../../support/kafka.ts'
import { keepLogsOnFailure, until } from '../../support/programs.ts'
import { startFlow, type Flow } from './flow-fixture.ts'

/** The proven bugs of the system that the semaphore replaces: each behaviour here was wrong there. */
describe.each(kafkaKindsAtDepth())('the semaphore over its topics (%s)', kind => {
  let flow: Flow
  beforeAll(async () => {
    flow = await startFlow({ kafka: kind, settings: { SEMAPHORE_WAITING_LIMIT: '3' } })
  })
  afterAll(() => flow[Symbol.asyncDispose]())
  keepLogsOnFailure()

  const submit = (resource: string, id: string) => flow.request(resource, `do ${id}`, { 'command-id': id })
  const finish = (resource: string, id: string) => flow.event(resource, { 'command-id': id })
  const tokens = (resource: string) =>
    flow.actionable.filter(seen => seen.resource === resource).map(({ commandId, token }) => [commandId, token])

  test('keeps a command that has to wait, and grants it when its turn comes', async () => {
    await submit('waits', 'w1')
    await submit('waits', 'w2')
    expect(await flow.untilActionable('w1')).toMatchObject({ resource: 'waits', value: 'do w1', token: '1' })
    await finish('waits', 'w1')
    expect(await flow.untilActionable('w2')).toMatchObject({ value: 'do w2', token: '2' })
    await flow.untilOutcome('w1', 'finished')
  })

  test('gives a command that comes twice one slot', async () => {
    await submit('twice', 't1')
    await submit('twice', 't1')
    await submit('twice', 't2')
    await flow.untilActionable('t1')
    await finish('twice', 't1')
    await finish('twice', 't1')
    await flow.untilActionable('t2')
    await submit('twice', 't3')
    await finish('twice', 't1') // releases nothing: t2 holds the slot
    await finish('twice', 't2')
    await flow.untilActionable('t3')
    expect(tokens('twice')).toEqual([
      ['t1', '1'],
      ['t2', '2'],
      ['t3', '3'],
    ])
  })

  test('lets out as many commands as slots are free', async () => {
    const limits = (running: number) =>
      fetch(`${flow.programs[0]!.url}/resource/many/limits`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ running }),
      })
    expect((await limits(2)).status).toBe(200)
    for (const id of ['m1', 'm2', 'm3', 'm4', 'm5']) await submit('many', id)
    await flow.untilActionable('m2')
    expect((await limits(3)).status).toBe(200) // lets a third one out at once
    await flow.untilActionable('m3')
    await finish('many', 'm1')
    await finish('many', 'm2')
    await flow.untilActionable('m5')
    expect(tokens('many').map(([id]) => id)).toEqual(['m1', 'm2', 'm3', 'm4', 'm5'])
  })

  test('goes on after a record that it cannot decode, and keeps that record with the reason', async () => {
    await flow.request(null, 'no resource')
    await submit('after', 'a1')
    await flow.untilActionable('a1')
  })

  test('refuses a command when the queue is full, and says so', async () => {
    for (const id of ['f1', 'f2', 'f3', 'f4', 'f5']) await submit('full', id)
    expect(await flow.untilOutcome('f5', 'refused')).toMatchObject({ headers: { reason: 'the queue of the resource is full' } })
    await delay(100)
    expect(tokens('full')).toEqual([['f1', '1']])
    await until('three wait', async () => (await flow.programs[0]!.metric('semaphore_steps_total')) > 0)
  })
})
