import { createServer, type AddressInfo } from 'node:net'
import type { Admin } from 'kafkajs'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { wait } from '../../../src/runtime/wait.ts'
import { createTopic, testKafka } from '../../kafka/kafka-fixture.ts'
import { freePort } from '../../support/free-port.ts'
import { kafkaKindsAtDepth, startKafka, type TestKafka } from '../../support/kafka.ts'
import { startCli, type CliRun } from '../run-cli.ts'
import { linesOf, probesOf, summaryOf } from './json-lines.ts'

/** Two signals that are closer are one: npm repeats Ctrl-C. */
const NOT_AN_ECHO_MS = 550

describe.each(kafkaKindsAtDepth())('pingcli rtt while the cluster fails (%s)', kind => {
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

  test('survives a killed broker and a deleted topic: it marks the probes and goes on', async () => {
    const run = start('-W', '1')
    await run.shows('"seq":3')
    await kafka.kill9()
    await run.shows('"event":"trouble"')
    await run.shows('"state":"refused"')
    await kafka.restart()
    await run.shows('"event":"recovered"')
    await admin.connect()
    await admin.deleteTopics({ topics: [topic] })
    await run.shows('the topic does not exist')
    await admin.createTopics({ topics: [{ topic, numPartitions: 3 }] })
    const isEchoed = new Promise<void>(resolve => {
      let recoveries = 0
      run.child.stdout!.on('data', text => {
        for (const line of String(text).split('\n')) {
          if (line.includes('"event":"recovered"')) recoveries++
          if (recoveries > 0 && line.includes('"state":"echoed"')) resolve()
        }
      })
    })
    await isEchoed
    run.child.kill('SIGINT')
    const result = await run.result
    expect(result).toMatchObject({ code: 3, stderr: '' })
    const { due, inTime, late, lost, refused, open, duplicate } = summaryOf(result) as Record<string, number>
    expect(inTime! + late! + lost! + refused! + open!).toBe(due)
    expect(refused).toBeGreaterThan(0)
    expect(inTime).toBeGreaterThan(3)
    expect(duplicate).toBe(0) // the client itself never writes a probe twice
    expect(probesOf(result).find(({ state }) => state === 'refused')).toMatchObject({ reason: expect.stringContaining('ECONNREFUSED') })
    expect((await admin.listGroups()).groups).toEqual([])
    expect((await admin.listTopics()).filter(name => !name.startsWith('__'))).toEqual([topic])
  })

  test.runIf(kind === "Ping's broker")(
    'ends with the summary after COUNT though the broker is dead, and at once at a second Ctrl-C',
    async () => {
      const endless = start('-W', '60')
      await endless.shows('"seq":2')
      const counted = start('-c', '30', '-W', '0.5')
      await counted.shows('"seq":2')
      await kafka.kill9()
      const result = await counted.result
      expect(result.code).toBe(3)
      expect(summaryOf(result)).toMatchObject({ due: 30, open: 0 })
      const reasons = linesOf(result).flatMap(({ event, reason }) => (event === 'trouble' ? [reason] : []))
      expect(reasons.at(-1)).toContain('ECONNREFUSED')
      expect(new Set(reasons).size).toBe(reasons.length) // each once, not at every look
      await endless.shows('"event":"trouble"')
      endless.child.kill('SIGINT')
      await wait(NOT_AN_ECHO_MS)
      endless.child.kill('SIGINT')
      const ended = await endless.result
      expect(ended.code).toBe(130)
      expect(ended.stdout).not.toContain('"event":"summary"')
    },
  )
})

describe('pingcli rtt without a cluster', () => {
  test('says so and ends with 1 if no broker listens', async () => {
    const result = await startCli(['rtt'], { KAFKA_BROKERS: `127.0.0.1:${await freePort()}` }).result
    expect(result).toMatchObject({ code: 1, stdout: '' })
    expect(result.stderr).toMatch(/^error: Kafka is unreachable: connect ECONNREFUSED .* \(at 127\.0\.0\.1:\d+; set KAFKA_BROKERS, /)
  })

  test('says so after --timeout if what listens never answers, and ends at Ctrl-C before that', async () => {
    const silent = createServer()
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void silent.close())
    const brokers = `127.0.0.1:${(silent.address() as AddressInfo).port}`
    const connected = new Promise(resolve => silent.once('connection', resolve))
    const run = startCli(['rtt', '--timeout', '1h'], { KAFKA_BROKERS: brokers })
    await connected
    run.child.kill('SIGINT')
    expect(await run.result).toEqual({ code: 1, stdout: '', stderr: 'error: interrupted before the first probe\n' })
    const { code, stderr } = await startCli(['rtt', '--pong', '--timeout', '300ms'], { KAFKA_BROKERS: brokers }).result
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error: Kafka is unreachable: no answer within --timeout \(300 ms\) \(at /)
  })
})
