import { expect, test } from 'vitest'
import { createPlace, stopAfterEach, type PongPlace } from '../../pong/pong-fixture.ts'
import { sharedKafka } from '../../support/kafka.ts'
import { startCli } from '../run-cli.ts'
import { linesOf, probesOf, summaryOf, untilLines, withPatience } from './json-lines.ts'

/** Less than the test may take. Until then, some ping and its repeat are read one after the other. */
const LOOKS_FOR_MS = 60_000

stopAfterEach()

const start = ({ brokers, topics }: PongPlace, ...args: readonly string[]) =>
  startCli(['rtt', '--pong', '--json', ...args], {
    KAFKA_BROKERS: brokers,
    PONG_REQUEST_TOPIC: topics.request,
    PONG_REPLY_TOPIC: topics.reply,
  })

test(
  'pingcli rtt and a pong server: every ping is answered once and confirmed; what a frozen server answers later is late, and its repeats are marked',
  { timeout: 120_000 },
  async () => {
    const place = await createPlace(await sharedKafka())
    const server = await place.server('a')
    // Without --pong nothing is asked of a server.
    const withoutPong = startCli(['rtt', '-c', '2', '-i', '0.05'], {
      KAFKA_BROKERS: place.brokers,
      PONG_REQUEST_TOPIC: place.topics.request,
    }).result
    let runsToAll = 0
    const [one, all, echo] = await Promise.all([
      start(place, '-c', '6', '-i', '0.05').result,
      withPatience(
        2,
        seconds => (runsToAll++, start(place, '-c', '1', '-W', seconds, '--to', 'all').result),
        ({ code }) => code === 0,
      ),
      withoutPong,
    ])
    expect(one.code).toBe(0)
    expect(summaryOf(one)).toMatchObject({ answered: 6, lost: 0, duplicate: 0, damaged: 0 })
    for (const probe of probesOf(one)) expect(probe['serverMs']).toBeLessThanOrEqual(probe['pongMs'] as number)
    expect(all.code).toBe(0)
    expect(linesOf(all).filter(({ event }) => event === 'answer')).toMatchObject([{ from: 'a', redelivered: false }])
    await expect.poll(() => server.metric('pong_handshakes_total')).toBe(6 + runsToAll)
    expect(echo.code).toBe(0)

    // Ten pings are more than one fetch takes: the server mostly reads a ping and its repeat, a second later, one after the other.
    const run = start(place, '-i', '0.1', '-W', '1', '--partition', '0', '--size', '60000')
    await run.shows('"state":"answered"')
    let isAgain = false
    run.child.stdout!.on('data', text => (isAgain ||= String(text).includes('"event":"again"')))
    // If it reads them together, it answers both by one pong.
    for (const beganMs = performance.now(); !isAgain && performance.now() - beganMs < LOOKS_FOR_MS;) {
      server.freeze()
      await untilLines(run, lines => lines.some(line => line.includes('"state":"lost"')))
      server.wake()
      await untilLines(run, lines => lines.some(line => line.includes('"state":"late"')))
    }
    run.child.kill('SIGINT')
    const frozen = await run.result
    expect(frozen.code).toBeGreaterThan(0)
    expect(probesOf(frozen).filter(({ state }) => state === 'late').length).toBeGreaterThan(0)
    // A ping that was sent again is answered twice, as was asked for: no duplicate, and the second answer says that it is one.
    const again = linesOf(frozen).filter(({ event }) => event === 'again')
    expect(again.length).toBeGreaterThan(0)
    for (const line of again) expect(line).toMatchObject({ redelivered: true, attempt: 2 })
    expect(summaryOf(frozen)).toMatchObject({ duplicate: 0 })
    expect(await server.metric('pong_refused_total')).toBe(0)
  },
)
