import { mkdtempSync, rmSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import { freePort } from '../../local/parts/free-port.ts'
import { launchKafka } from '../../local/parts/kafka.ts'

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

/** A real Apache Kafka of one's own, in about 5 s. */
export async function startKafka(options: { port?: number; dataDir?: string } = {}): Promise<TestKafka> {
  const port = options.port ?? (await freePort())
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'ping-test-kafka-'))
  let child = await launchKafka({ port, dataDir })
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
      child = await launchKafka({ port, dataDir })
    },
  }
}

/** The brokers of the run's shared Kafka, which is started when the first test asks for it. It must not be stopped. */
export async function sharedKafka(): Promise<string> {
  const response = await fetch(`${inject('shared')}/kafka`)
  const answer = await response.text()
  if (!response.ok) throw new Error(answer)
  return answer
}

/** A topic or group name that no other test uses. */
export function uniqueName(prefix = 'test'): string {
  return `${prefix}-${randomUUID()}`
}
