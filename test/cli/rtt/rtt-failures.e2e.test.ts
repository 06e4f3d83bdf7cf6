import { createServer, type AddressInfo } from 'node:net'
import type { Admin } from 'kafkajs'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { wait } from '../../../src/runtime/wait.ts'
import { isFaultCommand } from '../../faults/settings.ts'
import { createTopic, testKafka } from '../../kafka/kafka-fixture.ts'
import { againUntil } from '../../support/again-until.ts'
import { thoroughly } from '../../support/depth.ts'
import { freePort } from '../../support/free-port.ts'
import { kafkaKinds, kafkaKindsAtDepth, sharedKafka, startKafka, type TestKafka } from '../../support/kafka.ts'
import { startCli, type CliResult, type CliRun } from '../run-cli.ts'
import { linesOf, summaryOf, untilEchoed, untilLines } from './json-lines.ts'

/** Two signals that are closer are one: npm repeats Ctrl-C. */
const NOT_AN_ECHO_MS = 550
/** Less than kafkajs waits for an answer. */
const SOON_MS = 9_000

/** Apache Kafka takes half a minute to start twice: `npm run faults` kills it. */
const KILLED = isFaultCommand() ? kafkaKinds() : kafkaKinds().slice(0, 1)

/** Resolves when a probe is read back after the cluster has recovered from now on. */
const echoAfterRecovery = (run: CliRun): Promise<void> =>
  untilLines(run, lines => {
    const recovered = lines.findIndex(line => line.includes('"event":"recovered"'))
    return recovered >= 0 && lines.slice(recovered).some(line => line.includes('"state":"echoed"'))
  })

function expectEachCountedOnce(result: CliResult): void {
  const { due, inTime, late, lost, refused, open, duplicate } = summaryOf(result) as Record<string, number>
  expect(inTime! + late! + lost! + refused! + open!).toBe(due)
  expect(inTime).toBeGreaterThan(3)
  expect(duplicate).toBe(0) // the client itself never writes a probe twice
}

describe.each(KILLED)('pingcli rtt while the cluster fails (%s)', { timeout: 180_000 }, kind => {
  let kafka: TestKafka
  let topic: string
  let admin: Admin

  beforeEach(async () => {
    kafka = await startKafka(kind)
    topic = await createTopic(kafka.brokers, 'ping')
    admin = testKafka(kafka.brokers).admin()
  })
  afterEach(async () => {
    await admin.disconnect()
    await kafka.stop()
  })

  const start = (...args: readonly string[]): CliRun =>
    startCli(['rtt', '--topic', topic, '--json', '-i', '0.1', ...args], { KAFKA_BROKERS: kafka.brokers })

  test('survives a killed broker: it marks the probes and goes on', async () => {
    const run = start('-W', '1')
    await untilEchoed(run, 4)
    await kafka.kill9()
    await run.shows('"event":"trouble"')
    await untilLines(run, lines => lines.some(line => line.includes('"state":"refused"') && line.includes('ECONNREFUSED')))
    const isEchoed = echoAfterRecovery(run)
    await kafka.restart()
    await isEchoed
    run.child.kill('SIGINT')
    const result = await run.result
    expect(result).toMatchObject({ code: 3, stderr: '' })
    expectEachCountedOnce(result)
    expect(summaryOf(result)['refused']).toBeGreaterThan(0)
    await admin.connect()
    expect((await admin.listGroups()).groups).toEqual([])
    expect((await admin.listTopics()).filter(name => !name.startsWith('__'))).toEqual([topic])
  })

  // The test above reports a dead broker, too, and the one of a frozen broker ends with a summary.
  thoroughly(test.runIf(kind === "Ping's broker"))('ends with the summary after COUNT though the broker is dead', async () => {
    const countThroughKill = async (): Promise<CliResult> => {
      await kafka.restart()
      const run = start('-c', '20', '-W', '0.5')
      await untilEchoed(run, 1)
      await kafka.kill9()
      return run.result
    }
    // On a busy machine, the kill may come too late.
    const result = await againUntil(countThroughKill, ({ stdout }) => stdout.includes('ECONNREFUSED'))
    expect(result.code).toBe(3)
    expect(summaryOf(result)).toMatchObject({ due: 20, open: 0 })
    const reasons = linesOf(result).flatMap(({ event, reason }) => (event === 'trouble' ? [reason] : []))
    expect(reasons.at(-1)).toContain('ECONNREFUSED')
    expect(new Set(reasons).size).toBe(reasons.length) // each once, not at every look
  })

  test.runIf(kind === "Ping's broker")('ends at once at a second Ctrl-C though the broker is dead', async () => {
    const interruptTwice = async (): Promise<CliResult> => {
      await kafka.restart()
      const run = start('-W', '60')
      await untilEchoed(run, 1)
      await kafka.kill9()
      await run.shows('"event":"trouble"')
      run.child.kill('SIGINT')
      await wait(NOT_AN_ECHO_MS)
      run.child.kill('SIGINT')
      return run.result
    }
    // A second after the first Ctrl-C, a run ends by itself: on a busy machine, the second one may come later than that.
    const { code, stdout } = await againUntil(interruptTwice, result => !result.stdout.includes('"event":"summary"'))
    expect(code).toBe(130)
    expect(stdout).not.toContain('"event":"summary"')
  })
})

test.each(kafkaKindsAtDepth())(
  'pingcli rtt says that its topic was deleted, and goes on when the topic is there again (%s)',
  { timeout: 120_000 },
  async kind => {
    const brokers = await sharedKafka(kind)
    const topic = await createTopic(brokers, 'ping')
    const admin = testKafka(brokers).admin()
    onTestFinished(() => admin.disconnect())
    await admin.connect()
    const run = startCli(['rtt', '--topic', topic, '--json', '-i', '0.1', '-W', '1'], { KAFKA_BROKERS: brokers })
    await untilEchoed(run, 4)
    await admin.deleteTopics({ topics: [topic] })
    await run.shows('the topic does not exist')
    const isEchoed = echoAfterRecovery(run)
    await admin.createTopics({ topics: [{ topic, numPartitions: 3 }], waitForLeaders: false }) // kafkajs fails if it asks too soon
    await isEchoed
    run.child.kill('SIGINT')
    const result = await run.result
    expect(result).toMatchObject({ stderr: '' })
    expectEachCountedOnce(result)
  },
)

test('pingcli rtt without a cluster says so and ends with 1: no broker listens, none answers within --timeout, or Ctrl-C comes first', async () => {
  const silent = createServer()
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void silent.close())
  const brokers = `127.0.0.1:${(silent.address() as AddressInfo).port}`
  const connected = new Promise(resolve => silent.once('connection', resolve))
  const endless = startCli(['rtt', '--timeout', '1h'], { KAFKA_BROKERS: brokers })
  const refused = startCli(['rtt'], { KAFKA_BROKERS: `127.0.0.1:${await freePort()}` }).result
  await connected
  endless.child.kill('SIGINT')
  const unanswered = startCli(['rtt', '--pong', '--timeout', '300ms'], { KAFKA_BROKERS: brokers }).result
  expect(await endless.result).toEqual({ code: 1, stdout: '', stderr: 'error: interrupted before the first probe\n' })
  expect(await unanswered).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^error: Kafka is unreachable: no answer within --timeout \(300 ms\) \(at /),
  })
  expect(await refused).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^error: Kafka is unreachable: connect ECONNREFUSED .* \(at 127\.0\.0\.1:\d+; set KAFKA_BROKERS, /),
  })
})

test('pingcli rtt --flood ends soon after Ctrl-C, with its summary, though the broker is frozen', { timeout: 180_000 }, async () => {
  const interruptFrozen = async () => {
    const kafka = await startKafka()
    try {
      const topic = await createTopic(kafka.brokers, 'ping')
      const run = startCli(['rtt', '--topic', topic, '--json', '--flood', '-W', '60'], { KAFKA_BROKERS: kafka.brokers })
      await run.shows('"event":"start"')
      process.kill(kafka.pid, 'SIGSTOP')
      const askedMs = performance.now()
      run.child.kill('SIGINT')
      const { open } = summaryOf(await run.result) as { readonly open: number }
      return { open, tookMs: performance.now() - askedMs }
    } finally {
      process.kill(kafka.pid, 'SIGCONT')
      await kafka.stop()
    }
  }
  // kafkajs alone would always wait 10 s for each answer. On a busy machine it takes longer, or an answer comes after the Ctrl-C.
  const { open, tookMs } = await againUntil(interruptFrozen, result => result.tookMs < SOON_MS && result.open === 64)
  expect(open).toBe(64)
  expect(tookMs).toBeLessThan(SOON_MS)
})
