import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import { Broker } from '../../broker/broker.ts'
import { kafkaKindsAtDepth, sharedKafka, type KafkaKind } from '../support/kafka.ts'

/** The broker that a group of tests talks to. */
export interface Target {
  readonly name: KafkaKind
  /** <host>:<port>; known once the tests run. */
  readonly brokers: string
}

interface Started {
  readonly brokers: string
  stop(): Promise<void>
}

/** Of tests that wait for several things, one after another. */
const TEST_LIMIT_MS = 180_000
const START_LIMIT_MS = 180_000

/** The same tests run against Ping's broker, always, and against Apache Kafka, which shows that they are right, where TEST_DEPTH is `thorough` and that tier can run. */
export function onBothBrokers(define: (target: Target) => void): void {
  describe.each(kafkaKindsAtDepth())('with %s', { timeout: TEST_LIMIT_MS }, kind => define(startedFor(kind)))
}

const START: Readonly<Record<KafkaKind, () => Promise<Started>>> = { "Ping's broker": startOurs, 'Apache Kafka': shareKafka }

function startedFor(name: KafkaKind): Target {
  let started: Started | undefined
  beforeAll(async () => {
    started = await START[name]()
  }, START_LIMIT_MS)
  afterAll(() => started?.stop())
  return {
    name,
    get brokers() {
      if (!started) throw new Error(`${name} is not started yet`)
      return started.brokers
    },
  }
}

async function shareKafka(): Promise<Started> {
  return { brokers: await sharedKafka('Apache Kafka'), stop: async () => {} }
}

/** On a folder of its own, as a program would run. */
async function startOurs(): Promise<Started> {
  const folder = mkdtempSync(join(tmpdir(), 'ping-test-broker-'))
  const broker = await Broker.start({ config: { listeners: 'PLAINTEXT://127.0.0.1:0', 'log.dirs': folder } })
  return {
    brokers: `127.0.0.1:${broker.port}`,
    stop: async () => {
      await broker.stop()
      rmSync(folder, { recursive: true })
    },
  }
}
