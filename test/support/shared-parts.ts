import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestProject } from 'vitest/node'
import { SHARED, startKafka, type KafkaKind } from './kafka.ts'
import { leftovers, markRun } from './leak-check.ts'
import { removeNewClusters } from './new-cluster.ts'
import { startPostgres } from './postgres.ts'
import { finish } from './summary.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where tests ask for the run's shared parts (testDatabase, sharedKafka). */
    readonly shared: string
  }
}

interface Part {
  /** What the asking test gets. */
  readonly address: string
  stop(): Promise<void>
}

const sharedPostgres = async (version: 15 | 18): Promise<Part> => {
  const server = await startPostgres({ version, settings: { fsync: 'off', max_connections: '500' } })
  return { address: String(server.port), stop: server.stop }
}
const sharedKafka = async (kind: KafkaKind): Promise<Part> => {
  const { brokers, stop } = await startKafka(kind)
  return { address: brokers, stop }
}
const STARTERS: Readonly<Record<string, () => Promise<Part>>> = {
  '/postgres18': () => sharedPostgres(18),
  '/postgres15': () => sharedPostgres(15),
  [SHARED["Ping's broker"]]: () => sharedKafka("Ping's broker"),
  [SHARED['Apache Kafka']]: () => sharedKafka('Apache Kafka'),
}

/**
 * Vitest's global setup. The shared parts live in the main process and start when the first test file asks, so that
 * a run of unit tests starts nothing. At the end all are stopped, and a process of the run that still lives fails it.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const run = randomUUID()
  markRun(run)
  const started = new Map<string, Promise<Part>>()
  const desk = createServer(async (request, response) => {
    const name = request.url ?? ''
    const starter = STARTERS[name]
    if (!starter) return void response.writeHead(404).end(`no shared part ${name}`)
    if (!started.has(name)) started.set(name, starter())
    await started.get(name)?.then(
      part => response.end(part.address),
      error => response.writeHead(500).end(`the shared ${name.slice(1)} did not start: ${error}`),
    )
  })
  await new Promise<void>(resolve => desk.listen(0, '127.0.0.1', resolve))
  project.provide('shared', `http://127.0.0.1:${(desk.address() as AddressInfo).port}`)
  return async () => {
    desk.closeAllConnections()
    desk.close()
    for (const part of started.values())
      await part.then(
        ({ stop }) => stop(),
        () => undefined,
      )
    removeNewClusters(run)
    finish(await leftovers(run))
  }
}
