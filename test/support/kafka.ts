import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import { launchBroker } from '../../local/launch/broker.ts'
import type { Child } from '../../local/launch/child.ts'
import { freePort } from '../../local/launch/free-port.ts'
import { launchKafka } from '../../local/launch/kafka.ts'
import { atDepth } from './depth.ts'
import { can } from './tiers.ts'

/** What speaks Kafka's protocol to Ping: nothing in Ping may depend on which. */
export type KafkaKind = "Ping's broker" | 'Apache Kafka'

/** For tests that run with each: `describe.each(kafkaKinds())('… (%s)', kind => …)`. */
export function kafkaKinds(): readonly KafkaKind[] {
  return ["Ping's broker", ...(can('kafka') ? (['Apache Kafka'] as const) : [])]
}

/** For tests of what hardly depends on which broker it is: normally with Ping's own alone. */
export function kafkaKindsAtDepth(): readonly KafkaKind[] {
  return atDepth({ normally: () => ["Ping's broker"] as const, thoroughly: kafkaKinds })()
}

export interface TestKafka {
  /** 127.0.0.1:<port> */
  readonly brokers: string
  readonly port: number
  /** Of the broker that runs now. */
  readonly pid: number
  /** Orderly; the data folder is removed if it was made for this broker. */
  stop(): Promise<void>
  /** As a crash; the data stays for `restart`. */
  kill9(): Promise<void>
  /** Starts it again on its data and its port, stopping it first when it runs. */
  restart(): Promise<void>
}

const BROKER = join(import.meta.dirname, '..', '..', 'broker', 'main.js')

const LAUNCH: Readonly<Record<KafkaKind, (place: { port: number; dataDir: string }) => Promise<Child>>> = {
  "Ping's broker": place => launchBroker({ main: BROKER, ...place }),
  'Apache Kafka': launchKafka,
}

/** A broker of one's own, a process: Ping's is there at once, Apache Kafka in about 5 s. */
export async function startKafka(kind: KafkaKind = "Ping's broker", options: { port?: number; dataDir?: string } = {}): Promise<TestKafka> {
  const port = options.port ?? (await freePort())
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'ping-test-kafka-'))
  const launch = LAUNCH[kind]
  let child = await launch({ port, dataDir })
  return {
    brokers: `127.0.0.1:${port}`,
    port,
    get pid() {
      return child.pid
    },
    stop: async () => {
      await child.stop()
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true })
    },
    kill9: async () => {
      await child.kill9()
    },
    restart: async () => {
      await child.stop()
      child = await launch({ port, dataDir })
    },
  }
}

/** Where the run's shared broker of this kind is, which is started when the first test asks for it. It must not be stopped. */
export async function sharedKafka(kind: KafkaKind = "Ping's broker"): Promise<string> {
  const response = await fetch(`${inject('shared')}${SHARED[kind]}`)
  const answer = await response.text()
  if (!response.ok) throw new Error(answer)
  return answer
}

/** What the shared parts' desk calls each. */
export const SHARED: Readonly<Record<KafkaKind, string>> = { "Ping's broker": '/broker', 'Apache Kafka': '/kafka' }

/** A topic or group name that no other test uses. */
export function uniqueName(prefix = 'test'): string {
  return `${prefix}-${randomUUID()}`
}
