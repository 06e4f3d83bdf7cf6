import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { Partitioners, type Message } from 'kafkajs'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encode } from '../../pong/messages/encode.ts'
import { readProjectFiles } from '../k8s/project/project-files.ts'
import type { Resource } from '../k8s/project/read-yaml.ts'
import { render } from '../k8s/render/render.ts'
import { PingCaller } from '../support/call-ping.ts'
import { until } from '../support/programs.ts'
import { can } from '../support/tiers.ts'
import { canBuildImages } from './can-build-images.ts'
import { startCluster, type Cluster } from './cluster.ts'
import { ContainerStore } from './container-store.ts'
import { Container, runContainer } from './container.ts'
import { buildImages, imageName } from './image-store.ts'
import { overlayContainer } from './overlay-container.ts'
import type { CommandResult } from './run-command.ts'

const READY_LIMIT_MS = 60_000
const PINGS = 7
const SERVER = 'http://127.0.0.1:8080'
const PROCESSOR = 'http://127.0.0.1:8081'
const PONG = 'http://127.0.0.1:8083'
const SEMAPHORE = 'http://127.0.0.1:8082'

describe.runIf(canBuildImages() && can('redis', 'kafka'))('the containers of overlay dev, with the parts that the operators create', () => {
  const caller = new PingCaller()
  let resources: readonly Resource[]
  let store: ContainerStore
  let cluster: Cluster
  const started: Container[] = []

  beforeAll(async () => {
    resources = ['dev', 'dev/pong', 'dev/semaphore'].flatMap(overlay => render(readProjectFiles(), `k8s/overlays/${overlay}`))
    store = await ContainerStore.open()
    await buildImages(store, ['server', 'processor', 'pong', 'semaphore'])
    cluster = await startCluster(resources)
  })
  afterAll(async () => {
    caller.close()
    const stopped = await Promise.allSettled([store?.close(), cluster?.stop()])
    expect(stopped.filter(({ status }) => status === 'rejected')).toEqual([])
  })

  const options = (name: string) => overlayContainer(resources, name, cluster, join(store.folder, 'secrets'))
  const migrate = (): Promise<CommandResult> => runContainer(store, { image: imageName('server'), ...options('migrate') })
  const start = async (name: 'server' | 'processor' | 'pong' | 'semaphore', readyPage: string): Promise<void> => {
    const container = await Container.start(store, { image: imageName(name), ...options(name) })
    started.push(container)
    const isReady = async () => (await fetch(readyPage).catch(() => undefined))?.ok === true
    await until(`${name} is ready`, isReady, READY_LIMIT_MS).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${await container.log()}`)
    })
  }
  const asAdmin = async (sql: string): Promise<readonly Record<string, unknown>[]> => {
    const client = new pg.Client({ ...cluster.postgres.admin.config, database: 'ping' })
    await client.connect()
    return (await client.query<Record<string, unknown>>(sql).finally(() => client.end())).rows
  }
  const send = async (topic: string, message: Message): Promise<void> => {
    const producer = cluster.kafkaClient.producer({ createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    await producer.send({ topic, messages: [message] }).finally(() => producer.disconnect())
  }
  const hasRecords = async (topic: string, records: number) =>
    (await cluster.kafka.fetchTopicOffsets(topic)).reduce((sum, { high }) => sum + Number(high), 0) === records
  const count = async () => caller.call(SERVER, 'PingCount', {}, 10_000)

  test('migrate ends at once with the reason if the owner lacks a right', async () => {
    await asAdmin('ALTER SCHEMA public OWNER TO postgres')
    await asAdmin('REVOKE CREATE ON SCHEMA public FROM ping, public')
    const { code, stdout } = await migrate()
    expect(code).not.toBe(0)
    expect(stdout).toContain('in which ping may not create tables')
    await asAdmin('ALTER SCHEMA public OWNER TO pg_database_owner')
  })

  test('migrate sets the database up as an ordinary owner, no matter how often it runs', async () => {
    const rights =
      "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls AS any FROM pg_roles WHERE rolname = 'ping'"
    expect(await asAdmin(rights)).toEqual([{ any: false }])
    for (const _ of ['first', 'second']) {
      const { code, stdout, stderr } = await migrate()
      expect({ code, output: stdout + stderr }).toEqual({ code: 0, output: expect.stringContaining('the database is set up') })
    }
    expect(await asAdmin("SELECT tableowner FROM pg_tables WHERE tablename = 'pings'")).toEqual([{ tableowner: 'ping' }])
  })

  test('the server records, and publishes as a Kafka user with no more rights than it needs', async () => {
    await start('server', `${SERVER}/readyz`)
    for (let ping = 0; ping < PINGS; ping++)
      expect(await caller.call(SERVER, 'Ping', {}, 10_000)).toMatchObject({ kind: 'answer', json: {} })
    const published = async () => (await cluster.kafka.fetchTopicOffsets('ping-events')).reduce((sum, { high }) => sum + Number(high), 0)
    await until('every ping is in the topic', async () => (await published()) === PINGS, READY_LIMIT_MS)
  })

  test('the processor counts into the cache, which needs a password', async () => {
    await start('processor', `${PROCESSOR}/readyz`)
    await until(
      'the cache has every ping',
      async () => {
        const answer = await count()
        return answer.kind === 'answer' && answer.json.pingCount === String(PINGS) && (await sourceOfCount()) === 'cache'
      },
      READY_LIMIT_MS,
    )
    // No answer while Kafka still searches for the coordinator of the group.
    const committed = async () =>
      (await cluster.kafka.fetchOffsets({ groupId: 'ping-processor', topics: ['ping-events'] }).catch(() => [])).flatMap(
        ({ partitions }) => partitions,
      )
    await until(
      'the group has read every record',
      async () => (await committed()).reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0) === PINGS,
      READY_LIMIT_MS,
    )
  })

  test('pong answers pings, to one and to all, as a Kafka user with no more rights than it needs', async () => {
    await start('pong', `${PONG}/readyz`)
    for (const [to, answers] of [
      ['one', 1],
      ['all', 2],
    ] as const) {
      const headers = { 'correlation-id': randomUUID(), 'reply-to': 'pong/0' }
      await send('ping', { key: headers['correlation-id'], headers, value: encode({ type: 'ping', seq: 1, to, attempt: 1, padding: '' }) })
      await until(`the ping to ${to} is answered`, () => hasRecords('pong', answers), READY_LIMIT_MS)
    }
    await send('ping', { value: 'no ping' })
    await until('the record that is no ping is a dead letter', () => hasRecords('ping.dead-letter', 1), READY_LIMIT_MS)
  })

  test('the semaphore grants a command as an owner of its own database and a Kafka user with no more rights than it needs', async () => {
    await start('semaphore', `${SEMAPHORE}/readyz`)
    const response = await fetch(`${SEMAPHORE}/command`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'work' })
    expect(response.status).toBe(201)
    await until('the command is actionable', () => hasRecords('actionable-commands', 1), READY_LIMIT_MS)
    const { resourceId, commandId } = (await response.json()) as { resourceId: string; commandId: string }
    await send('command-events', { key: resourceId, value: null, headers: { 'command-id': commandId, event: 'finished' } })
    await until('the outcome of the command is in its topic', () => hasRecords('command-outcomes', 1), READY_LIMIT_MS)
    await send('command-requests', { key: null, value: 'no resource' })
    await until('the record that is no command is a dead letter', () => hasRecords('command-requests.dead-letter', 1), READY_LIMIT_MS)
  })

  test("the semaphore's role can connect to its own database only", async () => {
    const { username: user, password } = cluster.secrets['semaphore-postgres']!
    const { host, port } = cluster.postgres.admin.config
    const ssl = { rejectUnauthorized: false }
    const client = (database: string) => new pg.Client({ host, port, user, password, database, ssl })
    for (const other of ['ping', 'postgres']) await expect(client(other).connect(), other).rejects.toThrow(/pg_hba.conf rejects connection/)
    const own = client('semaphore')
    await own.connect()
    await own.end()
  })

  test('all programs stop with exit code 0', async () => {
    for (const container of started) expect(await container.stop()).toMatchObject({ exitCode: 0 })
  })
})

async function sourceOfCount(): Promise<string | null> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${SERVER}/ping.v1.PingService/PingCount`, { method: 'POST', headers, body: '{}' })
  await response.body?.cancel()
  return response.headers.get('ping-count-source')
}
