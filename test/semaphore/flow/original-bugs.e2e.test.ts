import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deadLetterTopic } from '../../../src/kafka/dead-letters.ts'
import { kafkaKindsAtDepth } from '../../support/kafka.ts'
import { keepLogsOnFailure, until } from '../../support/programs.ts'
import { followTopic, startFlow, type Flow, type SeenRecord } from './flow-fixture.ts'

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
    await flow.request('after', 'wrong priority', { priority: 'high' })
    await submit('after', 'a1')
    await flow.untilActionable('a1')
    await using dead = followTopic(flow.brokers, deadLetterTopic(flow.topics.requests), 1)
    await until('both are there', () => dead.seen.length === 2)
    expect(dead.seen.map(({ value, headers }) => [value, headers['semaphore-reason']]).sort()).toEqual([
      ['no resource', 'key: got none, expected the id of a resource'],
      ['wrong priority', 'header priority: got "high", expected a digit from 0 to 9'],
    ])
  })

  test('refuses a command when the queue is full, and says so once', async () => {
    for (const id of ['f1', 'f2', 'f3', 'f4', 'f5']) await submit('full', id)
    expect(await flow.untilOutcome('f5', 'refused')).toMatchObject({ headers: { reason: 'the queue of the resource is full' } })
    expect(tokens('full')).toEqual([['f1', '1']])
  })

  test('answers an event that changes nothing with the reason', async () => {
    await submit('late', 'l1')
    await submit('late', 'l2')
    await flow.untilActionable('l1')
    await flow.event('late', { 'command-id': 'l1', event: 'cancel' })
    await flow.untilOutcome('l1', 'cancelled')
    await flow.event('late', { 'command-id': 'l1', token: '1' })
    expect(await flow.untilOutcome('l1', 'refused')).toMatchObject({
      token: '1',
      headers: { event: 'finished', reason: 'the command is already cancelled' },
    })
    await flow.event('late', { 'command-id': 'nobody' })
    expect((await flow.untilOutcome('nobody', 'refused')).headers['reason']).toBe('the resource has no command with this id')
    await submit('other', 'l2')
    expect((await flow.untilOutcome('l2', 'refused')).headers['reason']).toBe('the command id belongs to another command')
  })

  test('changes nothing when all records are read again', async () => {
    const own = (seen: readonly SeenRecord[]) =>
      seen.filter(({ resource }) => ['waits', 'twice', 'many'].includes(resource)).map(({ commandId, headers }) => [commandId, headers])
    const before = [own(flow.actionable), own(flow.outcomes)]
    await flow.programs[0]!.stop()
    await readAgain(flow)
    await flow.programs[0]!.start()
    await submit('after all', 'last')
    await flow.untilActionable('last', 30_000)
    expect([own(flow.actionable), own(flow.outcomes)]).toEqual(before)
  })
})

/** Without its group, all is read from the first record of each partition on. */
async function readAgain({ brokers, topics }: Flow): Promise<void> {
  const admin = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  await admin.deleteGroups([topics.requests])
  await admin.disconnect()
}
