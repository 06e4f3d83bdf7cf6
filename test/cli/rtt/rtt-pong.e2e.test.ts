import { expect, test } from 'vitest'
import { createPlace, stopAfterEach, type PongPlace } from '../../pong/pong-fixture.ts'
import { sharedKafka } from '../../support/kafka.ts'
import { startCli } from '../run-cli.ts'
import { linesOf, probesOf, summaryOf } from './json-lines.ts'

stopAfterEach()

const start = ({ brokers, topics }: PongPlace, ...args: readonly string[]) =>
  startCli(['rtt', '--pong', '--json', ...args], {
    KAFKA_BROKERS: brokers,
    PONG_REQUEST_TOPIC: topics.request,
    PONG_REPLY_TOPIC: topics.reply,
  })

test('pingcli rtt and pong servers: every ping is answered once and confirmed, by one of them or by all', async () => {
  const place = await createPlace(await sharedKafka())
  const servers = await Promise.all([place.server('a'), place.server('b')])
  const sum = async (metric: string): Promise<number> =>
    (await Promise.all(servers.map(each => each.metric(metric)))).reduce((a, b) => a + b, 0)
  const one = await start(place, '-c', '6', '-i', '0.05').result
  expect(one.code).toBe(0)
  expect(summaryOf(one)).toMatchObject({ answered: 6, lost: 0, duplicate: 0, damaged: 0 })
  for (const probe of probesOf(one)) expect(probe['serverMs']).toBeLessThanOrEqual(probe['pongMs'] as number)
  const all = await start(place, '-c', '1', '-W', '1', '--to', 'all').result
  expect(all.code).toBe(0)
  expect(
    linesOf(all)
      .filter(({ event }) => event === 'answer')
      .map(({ from }) => from)
      .toSorted(),
  ).toEqual(['a', 'b'])
  await expect.poll(() => sum('pong_handshakes_total')).toBe(8)
  // Without --pong nothing is asked of a server.
  const echo = await startCli(['rtt', '-c', '2', '-i', '0.05'], { KAFKA_BROKERS: place.brokers, PONG_REQUEST_TOPIC: place.topics.request })
    .result
  expect(echo.code).toBe(0)
  expect(await sum('pong_replies_total')).toBe(8)
  expect(await sum('pong_refused_total')).toBe(0)
})

test('a killed pong server shows as lost and late probes, and whatever it answers again is marked as such', async () => {
  const place = await createPlace(await sharedKafka())
  const server = await place.server('a')
  const run = start(place, '-i', '0.1', '-W', '1')
  await run.shows('"seq":5')
  await server.kill9()
  await run.shows('"state":"lost"')
  await server.start()
  await run.shows('"state":"late"')
  run.child.kill('SIGINT')
  const result = await run.result
  expect(result.code).toBe(3)
  for (const line of linesOf(result)) if (line['event'] === 'duplicate') expect(line['redelivered']).toBe(true)
})
