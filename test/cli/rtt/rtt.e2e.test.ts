import { afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { encode } from '../../../pong/messages/encode.ts'
import { writeHeaders } from '../../../pong/messages/headers.ts'
import type { Ping } from '../../../pong/messages/message.ts'
import { GatheringProducer } from '../../../src/kafka/gathering-producer.ts'
import { createTopic, testKafka } from '../../kafka/kafka-fixture.ts'
import { againUntil } from '../../support/again-until.ts'
import { thoroughly } from '../../support/depth.ts'
import { kafkaKindsAtDepth, sharedKafka, uniqueName } from '../../support/kafka.ts'
import { callCli, runCli, startCli, type CliResult } from '../run-cli.ts'
import { startFakeServer, type FakeServer, type ScriptedPong } from './fake-server.ts'
import { linesOf, probesOf, summaryOf, withPatience } from './json-lines.ts'

describe.each(kafkaKindsAtDepth())('pingcli rtt (%s)', kind => {
  const isPings = kind === "Ping's broker"
  /** A process with one of the brokers, since each start takes 0.4 s of a core. */
  const runOnce = isPings ? runCli : callCli
  let brokers: string
  let topic: string
  let replyTopic: string
  let servers: FakeServer[]

  beforeAll(async () => {
    brokers = await sharedKafka(kind)
  })
  beforeEach(async () => {
    servers = []
    ;[topic, replyTopic] = await Promise.all([createTopic(brokers, 'ping'), createTopic(brokers, 'pong')])
  })
  afterEach(async () => {
    await Promise.all(servers.map(server => server.stop()))
  })

  const withJson = (args: readonly string[]) => ['rtt', '--topic', topic, '--json', ...args]
  const start = (...args: readonly string[]) => startCli(withJson(args), { KAFKA_BROKERS: brokers })
  const run = (...args: readonly string[]) => runOnce(withJson(args), { KAFKA_BROKERS: brokers })
  const runPong = (...args: readonly string[]) => run('--pong', '--reply-topic', replyTopic, ...args)
  const serve = async (answer: Parameters<typeof startFakeServer>[0]['answer'], name = 'fake'): Promise<FakeServer> => {
    const server = await startFakeServer({ brokers, topic, partitions: [0, 1, 2], name, answer })
    servers.push(server)
    return server
  }

  test('measures ack and echo of every partition without a server, and ends with 0', async () => {
    const server = await serve(() => [])
    const result = await run('-c', '3', '-i', '0.05', '--all-partitions')
    expect(result).toMatchObject({ code: 0, stderr: '' })
    const probes = probesOf(result)
    expect(probes.map(({ partition }) => partition).toSorted()).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2])
    for (const probe of probes) {
      expect(probe).toMatchObject({ state: 'echoed', leader: expect.any(Number), ackMs: expect.any(Number), echoMs: expect.any(Number) })
      expect(probe['echoMs']).toBeGreaterThan(probe['sentMs'] as number)
    }
    expect(linesOf(result)[0]).toMatchObject({ event: 'start', topic, partitions: 3, brokers: 1, acks: 'all', loop: 'open' })
    expect(summaryOf(result)).toMatchObject({ due: 9, sent: 9, acked: 9, echoed: 9, lost: 0, duplicate: 0, forgotten: 0, answered: null })
    await expect.poll(() => server.others.length).toBe(9)
    expect(server.pings).toEqual([]) // nothing that a server would reply to
  })

  test('creates the topic if it is missing, and leaves no group', async () => {
    topic = uniqueName('created')
    const result = await run('-c', '1')
    expect(result.code).toBe(0)
    const admin = testKafka(brokers).admin()
    await admin.connect()
    onTestFinished(() => admin.disconnect())
    expect(await admin.listTopics()).toContain(topic)
    const { groups } = await admin.listGroups()
    expect(groups.map(({ groupId }) => groupId).filter(id => /rtt|pingcli/.test(id) || id.includes(topic))).toEqual([])
  })

  test('measures the pong, takes the server apart, and confirms each reply', async () => {
    const server = await serve(() => [{ heldUs: 250 }])
    const result = await runPong('-c', '4', '-i', '0.05', '-s', '10')
    expect(result.code).toBe(0)
    expect(probesOf(result)).toHaveLength(4)
    for (const probe of probesOf(result)) expect(probe).toMatchObject({ state: 'answered', serverMs: 0.25, from: 'fake', attempt: 1 })
    const { latencyMs } = summaryOf(result) as { readonly latencyMs: Record<string, { readonly count: number; readonly min: number }> }
    expect(latencyMs).toMatchObject({ ack: { count: 4 }, echo: { count: 4 }, pong: { count: 4 }, road: { count: 4 } })
    // Long latencies, as on a busy machine, are less precise.
    const tolerance = 0.05 + latencyMs['pong']!.min / 50
    expect(Math.abs(latencyMs['pong']!.min - latencyMs['road']!.min - 0.25)).toBeLessThan(tolerance)
    await expect.poll(() => server.acks.map(({ seq, to }) => `${seq} ${to}`).toSorted()).toEqual(['1 fake', '2 fake', '3 fake', '4 fake'])
    expect(server.pings.map(({ padding }) => padding.length)).toEqual([10, 10, 10, 10])
  })

  test('refuses a probe that Kafka does not take, and says why', async () => {
    const result = await run('-c', '1', '-s', '3000000')
    expect(result.code).toBe(1)
    expect(probesOf(result)).toMatchObject([{ state: 'refused', reason: expect.stringContaining('MESSAGE_TOO_LARGE') }])
  })

  test('measures with acks=0 and with acks=1', async () => {
    for (const [acks, acked] of [
      ['0', 0],
      ['1', 2],
    ] as const) {
      const result = await run('-c', '2', '-i', '0.1', '--acks', acks)
      expect(result.code).toBe(0)
      expect(summaryOf(result)).toMatchObject({ echoed: 2, acked })
    }
  })

  test('floods as a closed loop, without a line for each probe', async () => {
    await serve(() => [{}])
    const result = await runPong('-c', '300', '--flood')
    expect(result.code).toBe(0)
    expect(linesOf(result).filter(({ event }) => event === 'probe')).toEqual([])
    expect(summaryOf(result)).toMatchObject({ loop: 'closed', due: 300, answered: 300, lost: 0, duplicate: 0 })
  })

  // What hardly depends on the broker.
  if (isPings)
    describe('with one broker', () => {
      // messages.unit.test.ts reads such records, too.
      thoroughly(test)('counts only its own records', async () => {
        const producer = new GatheringProducer({ kafka: testKafka(brokers) })
        onTestFinished(() => producer.stop())
        await producer.connect(topic)
        const started = start('-c', '12', '-i', '0.1')
        await started.shows('"seq":1')
        const foreign = { correlationId: '0197a2b4-5c6d-8e8f-aa0b-000000000001', handshake: false }
        for (const value of [encode({ type: 'echo', seq: 1, padding: '' }), 'not JSON'])
          await producer.send({ topic, partition: 0, value, headers: writeHeaders(foreign) })
        await producer.send({ topic, partition: 1, value: 'without headers' })
        const result = await started.result
        expect(result.code).toBe(0)
        expect(summaryOf(result)).toMatchObject({ echoed: 12, duplicate: 0, damaged: 0, forgotten: 0 })
      })

      test('marks replies that come twice, late, out of order, changed, or not at all', async () => {
        const script = ({ seq, attempt }: Ping): readonly ScriptedPong[] => {
          if (seq === 1) return [{}, { attempt: 2, redelivered: true }] // twice
          if (seq === 2) return attempt === 1 ? [] : [{}] // as if the first reply were late: when the client has asked again
          if (seq === 3) return [{ afterReplyTo: 4 }]
          if (seq === 5) return [{ padding: 'changed' }]
          if (seq === 6) return attempt === 1 ? [] : [{ attempt: 2, redelivered: true }] // the first reply got lost
          return seq === 7 ? [] : [{}]
        }
        const result = await withPatience(
          1.5,
          async seconds => {
            await Promise.all(servers.splice(0).map(server => server.stop()))
            await serve(script)
            return runPong('-c', '7', '-i', '0.1', '-W', seconds, '--partition', '0')
          },
          each => summaryOf(each)['answered'] === 4 && summaryOf(each)['late'] === 2,
        )
        expect(result.code).toBe(3)
        expect(summaryOf(result)).toMatchObject({ due: 7, answered: 4, late: 2, lost: 1, duplicate: 1, damaged: 1, acked: 7, echoed: 7 })
        const statesOf = (seq: number) =>
          probesOf(result)
            .filter(probe => probe['seq'] === seq)
            .map(({ state }) => state)
        expect([1, 2, 3, 4, 5, 6, 7].map(statesOf)).toEqual([
          ['answered'],
          ['lost', 'late'],
          ['answered'],
          ['answered'],
          ['answered'],
          ['lost', 'late'],
          ['lost', 'lost'],
        ])
        expect(
          probesOf(result)
            .filter(({ reordered }) => reordered)
            .map(({ seq }) => seq),
        ).toContain(3)
        expect(probesOf(result).find(({ damaged }) => damaged)).toMatchObject({ seq: 5 })
        expect(linesOf(result).filter(({ event }) => event === 'duplicate')).toMatchObject([
          { seq: 1, what: 'pong', attempt: 2, redelivered: true },
        ])
        expect(probesOf(result).findLast(({ seq }) => seq === 6)).toMatchObject({
          attempt: 2,
          redelivered: true,
          askedAgainMs: expect.any(Number),
        })
      })

      // rtt-pong.e2e.test.ts asks all servers, and probe-sessions.unit.test.ts names one that is silent.
      thoroughly(test)('takes the replies of several servers as answers, and says which named server is silent', async () => {
        const forMe = (name: string) => serve(({ to }) => (to === 'all' || to.includes(name) ? [{}] : []), name)
        await Promise.all([forMe('a'), forMe('b')])
        const runWith = (isExpected: (result: CliResult) => boolean, ...args: readonly string[]) =>
          withPatience(2, seconds => start('--pong', '--reply-topic', replyTopic, '-W', seconds, ...args).result, isExpected)
        // Both at once, since each waits until no further reply would be in time.
        const [all, named] = await Promise.all([
          runWith(({ code }) => code === 0, '-c', '2', '-i', '0.1', '--to', 'all'),
          runWith(({ stdout }) => stdout.includes('"missing":["silent"]'), '-c', '1', '--to', 'b,silent'),
        ])
        expect(all.code).toBe(0)
        expect(summaryOf(all)).toMatchObject({ answers: { a: 2, b: 2 }, duplicate: 0, answered: 2 })
        expect(named.code).toBe(1)
        expect(probesOf(named)).toMatchObject([{ state: 'lost', missing: ['silent'] }])
      })

      test('ends with 1 if no server replies', async () => {
        const result = await runPong('-c', '1', '-W', '0.6')
        expect(result.code).toBe(1)
        expect(probesOf(result)).toMatchObject([{ state: 'lost', missing: ['pong'] }, { state: 'lost' }])
      })

      test('ends with 2 if the topic has no such partition', async () => {
        const { code, stdout, stderr } = await run('--partition', '3')
        expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
        expect(stderr).toBe(`error: option '--partition <number>': got 3, expected 0 to 2: the topic ${topic} has 3 partitions\n`)
      })

      test('shows the summary at Ctrl-C', async () => {
        const interrupted = async (): Promise<CliResult> => {
          const started = start('-i', '0.1')
          await started.shows('"seq":3')
          started.child.kill('SIGINT')
          return started.result
        }
        // A second after Ctrl-C, what is still open stays so: on a busy machine, some may be.
        const result = await againUntil(interrupted, each => summaryOf(each)['open'] === 0 && summaryOf(each)['lost'] === 0)
        expect(result.code).toBe(0)
        expect(summaryOf(result)).toMatchObject({ open: 0, lost: 0 })
        const { due, echoed } = summaryOf(result) as { readonly due: number; readonly echoed: number }
        expect(due).toBeGreaterThanOrEqual(3)
        expect(echoed).toBe(due)
      })

      test('writes lines for people', async () => {
        await serve(() => [{}])
        const args = ['rtt', '--topic', topic, '--reply-topic', replyTopic, '--pong', '-c', '2', '-i', '0.2', '--partition', '1']
        const { code, stdout } = await runOnce(args, { KAFKA_BROKERS: brokers })
        expect(code).toBe(0)
        expect(stdout.split('\n')).toEqual([
          `RTT ${topic} via 1 broker, 3 partitions, acks=all, 64 bytes, 1 every 0.2 s  (ms)`,
          expect.stringMatching(/^seq=1 {2}p1@b\d+ {2}ack [\d.]+ +echo [\d.]+ +pong [\d.]+ +\(server 0\.400\)$/),
          expect.stringMatching(/^seq=2 {2}p1@b\d+ {2}ack [\d.]+ +echo [\d.]+ +pong [\d.]+ +\(server 0\.400\)$/),
          '--- 2 due, 2 sent, 2 acked, 2 echoed, 2 answered; 0 lost, 0 late, 0 duplicate, 0 out of order',
          expect.stringMatching(/^ +min +p50 +p90 +p99 +p99\.9 +max$/),
          expect.stringMatching(/^ack /),
          expect.stringMatching(/^echo /),
          expect.stringMatching(/^pong /),
          expect.stringMatching(/^pong - server /),
          'pong - server: the road alone',
          '-: fewer than 1000 samples',
          expect.stringMatching(/^per leader +ack +b\d+ /),
          expect.stringMatching(/^per leader +echo +b\d+ /),
          expect.stringMatching(/^per leader +pong +b\d+ /),
          expect.stringMatching(/^per partition +pong +p1 /),
          expect.stringMatching(/^worst: seq [12] p1@b\d+ pong [\d.]+ ms at \d\d:\d\d:\d\d$/),
          '',
        ])
      })
    })
})
