import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { plainUser } from '../../../local/launch/plain-user.ts'
import { firstOrAll } from '../../support/depth.ts'
import { killAll, runProgram, startProgram, startWith } from './broker-program.ts'

const root = mkdtempSync(join(tmpdir(), 'ping-test-broker-program-'))
let folders = 0
const newFolder = (): string => join(root, `folder-${++folders}`)

afterEach(killAll)
afterAll(() => rmSync(root, { recursive: true }))

/** Longer than any test waits. */
const LONG_POLL_MS = 60_000
const WHAT = 'single-node broker that speaks the Kafka protocol, for development and tests; production uses Apache Kafka'

function client(port: unknown): Kafka {
  return new Kafka({ brokers: [`127.0.0.1:${port}`], logLevel: logLevel.NOTHING, retry: { retries: 3 } })
}

describe('ping-broker', () => {
  test('logs what it is, where it listens and where its data is, and then that it is ready', async () => {
    const folder = newFolder()
    const program = await startWith({ 'log.dirs': folder, 'node.id': 5 })
    const { port } = await program.ready()
    const said = program.logged(WHAT)
    expect(said).toMatchObject({ folder, nodeId: 5, listeners: [`127.0.0.1:${port}`], clusterId: expect.stringMatching(/^[\w-]{22}$/) })
    const admin = client(port).admin()
    await admin.connect()
    const cluster = await admin.describeCluster()
    await admin.disconnect()
    expect(cluster).toMatchObject({ clusterId: said?.['clusterId'], controller: 5, brokers: [{ nodeId: 5, host: '127.0.0.1', port }] })
  })

  test('reads a configuration file, and overrides take precedence over it', async () => {
    const folder = newFolder()
    mkdirSync(folder)
    const file = join(folder, 'server.properties')
    writeFileSync(file, `listeners=PLAINTEXT://127.0.0.1:1\nlog.dirs=${folder}/data\nnode.id=3\nnum.network.threads=3\n`)
    const program = await startProgram([
      file,
      '--override',
      'listeners=PLAINTEXT://127.0.0.1:0',
      '--override=node.id=8',
      '--override',
      'node.id=9',
    ])
    await program.ready()
    expect(program.logged(WHAT)).toMatchObject({ folder: join(folder, 'data'), nodeId: 9 })
  })

  test('keeps its data in a folder below the working directory by default', async () => {
    const folder = newFolder()
    mkdirSync(folder)
    const program = await startProgram(['--override', 'listeners=PLAINTEXT://127.0.0.1:0'], { cwd: folder })
    await program.ready()
    expect(readFileSync(join(folder, '.ping', 'broker', 'meta.properties'), 'utf8')).toContain('node.id=1')
  })

  test('listens on IPv4 and IPv6 for localhost, on one port', async () => {
    const program = await startWith({ listeners: 'PLAINTEXT://localhost:0', storage: 'memory' })
    const { port } = await program.ready()
    expect(program.logged(WHAT)?.['listeners']).toEqual([`127.0.0.1:${port}`, `[::1]:${port}`])
    for (const host of ['127.0.0.1', '::1']) {
      const socket = connect({ host, port: port as number })
      await once(socket, 'connect')
      socket.destroy()
    }
  })

  test('creates no folder when all data is in memory', async () => {
    const folder = newFolder()
    mkdirSync(folder)
    const program = await startProgram(['--override', 'storage=memory', '--override', 'listeners=PLAINTEXT://127.0.0.1:0'], { cwd: folder })
    await program.ready()
    expect(readdirSync(folder)).toEqual([])
  })

  test('serves health and metrics when their port is set', async () => {
    const program = await startWith({ storage: 'memory', 'status.port': 0 })
    const { port, statusPort } = await program.ready()
    const page = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${statusPort}${path}`)).text()
    const producer = client(port).producer()
    await producer.connect()
    await producer.send({ topic: 'pages', messages: [{ value: 'one' }, { value: 'two' }] })
    await producer.disconnect()
    expect([await page('/livez'), await page('/readyz')]).toEqual(['ok\n', 'ready\n'])
    const metrics = await page('/metrics')
    expect(metrics).toContain('ping_broker_records_in_total{topic="pages"} 2\n')
    expect(metrics).toMatch(/ping_broker_log_bytes\{topic="pages"\} [1-9]\d+\n/)
    expect(metrics).toMatch(/ping_broker_request_seconds_count\{api="Produce"\} 1\n/)
    expect(metrics).toContain('process_cpu_seconds_total')
  })
})

describe('the data folder of ping-broker', () => {
  test('keeps its records across a kill -9, and needs no manual unlocking', async () => {
    const settings = { 'log.dirs': newFolder() }
    const first = await startWith(settings)
    const producer = client((await first.ready()).port).producer()
    await producer.connect()
    await producer.send({ topic: 'kept', messages: [{ value: 'one' }, { value: 'two' }] })
    await first.child.kill9()
    await producer.disconnect()

    const second = await startWith(settings)
    const admin = client((await second.ready()).port).admin()
    await admin.connect()
    const offsets = await admin.fetchTopicOffsets('kept')
    await admin.disconnect()
    expect(offsets).toMatchObject([{ partition: 0, high: '2' }])
    expect(second.logged(WHAT)?.['clusterId']).toBe(first.logged(WHAT)?.['clusterId'])
  })

  test('is not touched by a second broker, which names the first and exits', async () => {
    const settings = { 'log.dirs': newFolder() }
    const first = await startWith(settings)
    await first.ready()
    const second = await startWith(settings)
    expect(await second.ended()).toEqual({ code: 1, signal: null })
    expect(second.lines.join('\n')).toContain(`which another broker (pid ${first.child.pid}) has locked`)
    expect(first.child.exit()).toBeUndefined()
  })

  test('belongs to one node id', async () => {
    const settings = { 'log.dirs': newFolder() }
    const first = await startWith(settings)
    await first.ready()
    await first.child.stop()
    const second = await startWith({ ...settings, 'node.id': 2 })
    expect(await second.ended()).toEqual({ code: 78, signal: null })
    expect(second.lines.join('\n')).toContain('node.id: got 2, expected 1')
  })
})

describe.runIf(process.getuid?.() === 0)("another user's folder of ping-broker", () => {
  const user = plainUser()

  /** Creates a folder of that user with a topic in it. */
  async function runOnce(options: { user?: typeof user }): Promise<string> {
    const folder = newFolder()
    mkdirSync(folder)
    chmodSync(root, 0o755)
    chownSync(folder, user!.uid, user!.gid)
    const program = await startWith({ 'log.dirs': folder, 'line.console.port': 0 }, options)
    const { consolePort } = await program.ready()
    const socket = connect({ host: '127.0.0.1', port: consolePort as number })
    socket.end('pa line\nq\n')
    await once(socket.resume(), 'close')
    await program.child.stop()
    return folder
  }

  test('still belongs to that user after a run by root, which switches to that user', async () => {
    const folder = await runOnce({})
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    expect(names).toContain('lines-0/00000000000000000000.log')
    expect(names.filter(name => statSync(join(folder, name)).uid !== user!.uid)).toEqual([])
  })

  test.each(firstOrAll(['.', 'meta.properties', 'topics.json', 'lines-0']))(
    'is refused with the names of both users if %s belongs to root',
    async name => {
      const folder = await runOnce({ user })
      const path = join(folder, name)
      chownSync(path, 0, 0)
      chmodSync(path, statSync(path).isDirectory() ? 0o700 : 0o600)
      const program = await startWith({ 'log.dirs': folder }, { user })
      expect(await program.ended()).toEqual({ code: 78, signal: null })
      expect(program.lines.join('\n')).toContain(
        `${path} belongs to user 0, and this is user ${user!.uid}: start as user 0, or change the owner with chown -R`,
      )
    },
  )
})

describe('stopping ping-broker', () => {
  test.each(firstOrAll(['SIGTERM', 'SIGINT'] as const))('is orderly at %s, with clients connected', async signal => {
    const program = await startWith({ 'log.dirs': newFolder(), 'line.console.port': 0, 'status.port': 0 })
    const { port } = await program.ready()
    const consumer = client(port).consumer({ groupId: 'waits', maxWaitTimeInMs: LONG_POLL_MS })
    await consumer.connect()
    await consumer.subscribe({ topic: 'waited' })
    await consumer.run({ eachMessage: async () => {} })
    const idle = connect({ host: '127.0.0.1', port: port as number })
    await once(idle, 'connect')
    idle.on('error', () => undefined)
    expect(await program.child.stop(signal, LONG_POLL_MS / 2)).toEqual({ code: 0, signal: null }) // or else it is killed
    await program.child.read
    expect(program.logged('stopping')).toMatchObject({ signal })
    expect(program.logged('stopped')).toBeDefined()
    await consumer.disconnect()
    idle.destroy()
  })
})

describe('the command line of ping-broker', () => {
  test('prints its usage and its version', async () => {
    const help = await runProgram(['--help'])
    expect(help.exit.code).toBe(0)
    expect(help.output).toContain('ping-broker [server.properties] [--override key=value]…')
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', '..', 'package.json'), 'utf8')) as { version: string }
    expect(await runProgram(['--version'])).toEqual({ exit: { code: 0, signal: null }, output: `ping-broker ${version}` })
  })

  const WRONG_ARGUMENTS = [
    [['--foo'], 'option: got "--foo", expected one of --override, --help, --version'],
    [['--override'], '--override: got nothing, expected key=value'],
    [['a.properties', 'b.properties'], 'argument: got "b.properties" in addition to "a.properties", expected one file'],
  ] as const
  test.each(firstOrAll(WRONG_ARGUMENTS))('rejects %j in plain text, with exit code 2', async (args, message) => {
    expect(await runProgram(args)).toEqual({ exit: { code: 2, signal: null }, output: message })
  })

  test('exits with code 78 and one line that names every wrong setting', async () => {
    const { exit, output } = await runProgram([
      '--override',
      'num.partitions=0',
      '--override',
      'ssl.protocol=TLS',
      '--override',
      'log.dir=/proc/none',
    ])
    expect(exit.code).toBe(78)
    expect(output.split('\n')).toHaveLength(1)
    expect((JSON.parse(output) as { msg: string }).msg).toBe(
      'cannot start, wrong settings:\nnum.partitions (--override): got "0", expected an integer from 1 to 2147483647\nssl.protocol (--override): not supported: there is no TLS, only PLAINTEXT',
    )
  })

  test('names a file that cannot be read', async () => {
    const { exit, output } = await runProgram([join(root, 'none.properties')])
    expect(exit.code).toBe(78)
    expect(output).toContain('none.properties\\", expected a file that can be read')
  })

  const ELSEWHERE = [
    ['listeners', 'PLAINTEXT://192.0.2.1:0'],
    ['status.host', '192.0.2.1'],
    ['line.console.host', '192.0.2.1'],
  ] as const
  test.each(firstOrAll(ELSEWHERE))('names the setting %s if its address belongs to another machine', async (key, value) => {
    const program = await startWith({ storage: 'memory', 'status.port': 0, 'line.console.port': 0, [key]: value })
    expect(await program.ended()).toEqual({ code: 78, signal: null })
    expect(program.lines.join('\n')).toContain(`${key}: got \\"192.0.2.1\\", expected an address of this machine`)
  })

  const TAKEN = [
    ['listeners', 'PLAINTEXT://127.0.0.1:'],
    ['line.console.port', ''],
    ['status.port', ''],
  ] as const
  test.each(firstOrAll(TAKEN))('names the setting %s if its port is in use', async (key, before) => {
    const taker = createServer().listen(0, '127.0.0.1')
    await once(taker, 'listening')
    const { port } = taker.address() as AddressInfo
    const program = await startWith({ storage: 'memory', [key]: `${before}${port}` })
    expect(await program.ended()).toEqual({ code: 1, signal: null })
    expect(program.lines.join('\n')).toContain(`${key}: got ${port}, which is in use, expected a free port`)
    taker.close()
  })
})
