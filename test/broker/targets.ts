import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe } from 'vitest'
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

const OURS = new URL('../../broker/broker.ts', import.meta.url)

/** Calls `define` twice: the same tests run against Ping's broker, always, and against Apache Kafka, where that tier can run. */
export function onBothBrokers(define: (target: Target) => void): void {
  describe.runIf(existsSync(OURS))("with Ping's broker", () => define(startedFor("Ping's broker", startOurs)))
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
  return { brokers: await sharedKafka(), stop: async () => {} }
}

async function startOurs(): Promise<Started> {
  const { Broker } = (await import(OURS.href)) as { Broker: { start(options: object): Promise<{ port: number; stop(): Promise<void> }> } }
  const broker = await Broker.start({})
  return { brokers: `127.0.0.1:${broker.port}`, stop: () => broker.stop() }
}
