import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { firstOrAll, thoroughly } from '../../support/depth.ts'
import { keepLogsOnFailure, until, type Program } from '../../support/programs.ts'
import { startOwnFlow, type OwnFlow } from './flow-fixture.ts'
import { HELD_FROM, workOff } from './work-off.ts'

describe('the semaphore with two instances', () => {
  let flow: OwnFlow
  beforeAll(async () => {
    flow = await startOwnFlow({ programs: 2 })
  })
  afterAll(() => flow[Symbol.asyncDispose]())
  keepLogsOnFailure()

  /** The instance that publishes, and the other one. */
  async function relayAndOther(): Promise<readonly [Program, Program]> {
    const [first, second] = flow.programs as [Program, Program]
    const hasMost = async (program: Program) => (await program.metric('semaphore_relay_lanes').catch(() => 0)) > 8 // it may still start
    let isFirst = false
    await until('one has most lanes', async () => (isFirst = await hasMost(first)) || hasMost(second))
    return isFirst ? [first, second] : [second, first]
  }

  test('accepts commands while Kafka is down, and grants them when it recovers', async () => {
    await flow.kafka.kill9()
    const answer = await fetch(`${flow.programs[0]!.url}/command/printer`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain', 'command-id': 'while-down' },
      body: 'print',
    })
    expect(answer.status).toBe(201)
    await until('it is ready', () => flow.programs[0]!.isReady())
    await until('the record waits', async () => (await flow.programs[0]!.metric('semaphore_outbox_records')) === 1)
    await flow.kafka.restart()
    expect(await flow.untilActionable('while-down', 60_000)).toMatchObject({ resource: 'printer', value: 'print', token: '1' })
    await until('the outbox is empty', async () => (await flow.programs[0]!.metric('semaphore_outbox_records')) === 0)
  })

  test('loses nothing and keeps the order while Postgres crashes and restarts', () =>
    workOff(flow, 'postgres', async ({ done, goOn }) => {
      await until('some are done', () => done() > 5)
      await flow.postgres.kill9()
      goOn()
      await flow.postgres.restart()
    }))

  // At both depths "loses nothing and keeps the order while Postgres crashes and restarts".
  thoroughly(test)('answers 201 only for commands that a crash of Postgres leaves there', async () => {
    const { url } = flow.programs[0]!
    const post = (id: string) =>
      fetch(`${url}/command/durable`, {
        method: 'POST',
        headers: { 'content-type': 'text/plain', 'command-id': id },
        body: id,
        signal: AbortSignal.timeout(30_000),
      }).then(
        ({ status }) => status,
        () => 0,
      )
    const ids = Array.from({ length: 300 }, (_, index) => `durable${index}`)
    const answers: [string, number][] = []
    const posting = Promise.all(ids.map(async (id, index) => delay(index * 2).then(async () => answers.push([id, await post(id)]))))
    await until('some are answered', () => answers.length > 20)
    await flow.postgres.kill9()
    await flow.postgres.restart()
    await posting
    const accepted = answers.filter(([, status]) => status === 201 || status === 200).map(([id]) => id)
    expect(accepted.length).toBeGreaterThan(20)
    await until('it answers again', async () => (await fetch(`${url}/command/${accepted[0]}`)).ok)
    for (const id of accepted) expect((await fetch(`${url}/command/${id}`)).status, id).toBe(200)
  })

  const ENDS: readonly (readonly [string, (program: Program) => unknown, (program: Program) => unknown])[] = [
    ['killed', program => program.kill9(), program => program.start()],
    ['frozen, and nothing is granted twice when it wakes', program => program.freeze(), program => program.wake()],
  ]
  test.each(firstOrAll(ENDS))('goes on when the instance that publishes is %s', (name, end, begin) =>
    workOff(flow, name, async ({ done, goOn }) => {
      await until('some are done', () => done() > 5)
      const [relay] = await relayAndOther()
      await end(relay)
      goOn()
      await until('the other instance goes on', () => done() > HELD_FROM + 10, 60_000).finally(() => begin(relay))
    }),
  )
})
