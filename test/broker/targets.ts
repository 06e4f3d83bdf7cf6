import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import { Broker } from '../../broker/broker.ts'
import { sharedKafka } from '../support/kafka.ts'
import { can } from '../support/tiers.ts'

/** The broker that a group of tests talks to. */
export interface Target {
  readonly name: 'Apache Kafka' | "Ping's broker"
  /** <host>:<port>; known once the tests run. */
  readonly brokers: string
}

interface Started {
  readonly brokers: string
  stop(): Promise<void>
}

/** Calls `define` twice: the same tests run against Ping's broker, always, and against Apache Kafka, where that tier can run. */
export function onBothBrokers(define: (target: Target) => void): void {
  describe("with Ping's broker", () => define(startedFor("Ping's broker", startOurs)))
  describe.runIf(can('kafka'))('with Apache Kafka', () => define(startedFor('Apache Kafka', shareKafka)))
}

function startedFor(name: Target['name'], start: () => Promise<Started>): Target {
  let started: Started | undefined
  beforeAll(async () => {
    started = await start()
  })
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
