import { chownSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { plainUser } from '../../local/launch/plain-user.ts'
import { shellWord } from '../../src/runtime/shell-word.ts'
import { atDepth, firstOrAll, thoroughly } from '../support/depth.ts'
import {
  clearAfterEach,
  createdDatabase,
  localPlace,
  NO_KAFKA,
  startLocalPing,
  type LocalPing,
  type LocalPlace,
} from '../support/local-ping.ts'
import { startCache } from '../support/redis.ts'

/** The shell of a user who also does other things. */
const FOREIGN_SHELL = {
  PGSSLMODE: 'require',
  PGOPTIONS: '-c no_such_setting=1',
  PGPORT: '1',
  DATABASE_URL: 'postgres://x@127.0.0.1:1/x',
  DB_HOST: 'x',
  DB_CA_FILE: '/none',
  LANES: '8',
  TLS_CERT_FILE: '/none',
  REDIS_HOST: 'x',
  REDIS_PASSWORD: 'x',
  KAFKA_TLS: 'true',
  KAFKA_SASL_MECHANISM: 'plain',
  NODE_OPTIONS: '--no-warnings',
  NODE_USE_ENV_PROXY: '1',
  HTTP_PROXY: 'http://127.0.0.1:1',
  http_proxy: 'http://127.0.0.1:1',
  DEBUG: 'ioredis:*',
  LC_ALL: 'xx_XX.UTF-8',
  DFLY_port: '1',
}
const SYSTEM = ['PATH', 'HOME', 'USER', 'LOGNAME', 'TMPDIR', 'NIX_LD', 'NIX_LD_LIBRARY_PATH', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH']
const READY = /processor +\| \* ready[^]*Ctrl-C stops everything/

async function blocked(port: number, host: string): Promise<Server> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen({ port, host }, resolve))
  return server
}

async function stop(ping: LocalPing): Promise<void> {
  ping.signal('SIGTERM')
  expect(await ping.exited).toBe(0)
}

const database = createdDatabase()

describe('npm start', { timeout: 180_000 }, () => {
  let place: LocalPlace
  beforeEach(async () => {
    place = await localPlace()
  })
  clearAfterEach(() => place)

  test('names all ports in use, on every address, with a line to copy, before the first part starts', async () => {
    const taken = { PORT: '::1', PROCESSOR_PORT: '::1', POSTGRES_PORT: '127.0.0.1', REDIS_PORT: '0.0.0.0' }
    const blockers = await Promise.all(Object.entries(taken).map(([name, host]) => blocked(Number(place.env[name]), host)))
    const ping = startLocalPing(place, 'stubs', { env: { ...NO_KAFKA, PING_DATA_DIR: `${place.dataDir} it's` } })
    expect(await ping.exited).toBe(1)
    for (const name of Object.keys(taken))
      expect(ping.output()).toMatch(new RegExp(`^${name}: got ${place.env[name]}, which is in use`, 'm'))
    const line = ping.output().trimEnd().split('\n').at(-1) ?? ''
    expect(line).toContain(`PING_DATA_DIR='${place.dataDir} it'\\''s'`)
    expect(line).toMatch(/KAFKA_BROKERS=127\.0\.0\.1:1 .*npm start$/)
    for (const name of Object.keys(taken)) {
      const above = Number(new RegExp(`\\b${name}=(\\d+) `).exec(line)?.[1]) - Number(place.env[name])
      expect([name, above >= 10_000, above < 10_050]).toEqual([name, true, true]) // the first that is free there
    }
    expect(ping.output()).not.toContain('ready')
    for (const blocker of blockers) blocker.close()
  })

  const HOSTS = [
    ['::', '[::1]'],
    ['0.0.0.0', '127.0.0.1'],
    ['::1', '[::1]'],
  ] as const
  test.each(firstOrAll(HOSTS))('listens on HOST=%s, and checks and shows an address that answers', async (host, shown) => {
    database.addTo(place)
    const ping = startLocalPing(place, 'stubs', { env: { ...NO_KAFKA, HOST: host } })
    await ping.until(READY)
    expect(ping.output()).toContain(`server     http://${shown}:${place.env['PORT']}\n`)
    expect(ping.output()).toContain(`PING_ADDRESS=${shellWord(`http://${shown}:${place.env['PORT']}`)} npx pingcli count`)
    await stop(ping)
  })

  test('refuses an address that this machine does not have', async () => {
    const ping = startLocalPing(place, 'stubs', { env: { ...NO_KAFKA, HOST: '203.0.113.1' } })
    expect(await ping.exited).toBe(1)
    expect(ping.output()).toBe('Ping cannot start.\nHOST: got "203.0.113.1", expected an address of this machine\n')
  })

  test('refuses to start a second copy on the same data folder, and does not disturb the first one', async () => {
    database.addTo(place)
    const first = startLocalPing(place, 'stubs', { env: NO_KAFKA })
    await first.until(READY)
    const other = await localPlace()
    const second = startLocalPing(place, 'stubs', { env: { ...NO_KAFKA, ...other.env, PING_DATA_DIR: place.dataDir } })
    expect(await second.exited).toBe(1)
    expect(second.output()).toContain(`another Ping (pid ${first.pid}) uses the data folder ${place.dataDir}`)
    expect(second.output()).toContain(
      'PING_DATA_DIR=… PORT=… PROCESSOR_PORT=… POSTGRES_PORT=… KAFKA_PORT=… CONSOLE_PORT=… REDIS_PORT=… npm start',
    )
    expect(place.alive()).toHaveLength(4)
    await stop(first)
    other.clear()
  })

  // The files of this folder run side by side, too.
  thoroughly(test)('runs two copies with their own folders and ports side by side', async () => {
    database.addTo(place)
    const other = await localPlace()
    database.addTo(other)
    const pings = [startLocalPing(place, 'stubs', { env: NO_KAFKA }), startLocalPing(other, 'stubs', { env: NO_KAFKA })]
    for (const ping of pings) await ping.until(READY)
    for (const ping of pings) await stop(ping)
    other.clear()
  })

  const WRONG_SETTINGS = [
    [{ PORT: '80a' }, 'PORT: got "80a", expected an integer from 1 to 65535'],
    [
      { REDIS_URL: 'http://x' },
      'REDIS_URL: got a URL with a scheme other than redis or rediss (it is not shown: secret), expected redis://user:password@host:port/database',
    ],
    [{ KAFKA_BROKERS: 'x' }, 'KAFKA_BROKERS: got "x", expected host:port'],
    [{ HOST: 'x86_64-conda-linux-gnu' }, 'HOST: got "x86_64-conda-linux-gnu", expected IP addresses of this machine'],
    [{ SEMAPHORE_PORT: '7001', PONG_PORT: '7001' }, 'PONG_PORT: got 7001, which is also SEMAPHORE_PORT'],
  ] as const
  /** program-settings.unit.test.ts reads such settings, too. */
  const MORE_WRONG_SETTINGS = [
    [{ LOG_LEVEL: 'verbose', FLUSH_RECORDS: 'x' }, 'LOG_LEVEL: got "verbose", expected one of trace'],
    [{ KAFKA_BROKERS: '127.0.0.1:1', KAFKA_TLS: 'yes' }, 'KAFKA_TLS: got "yes", expected true or false'],
    [{ PORT: '7001', REDIS_PORT: '7001' }, 'REDIS_PORT: got 7001, which is also PORT'],
  ] as const
  test.each([
    ...WRONG_SETTINGS,
    ...atDepth<readonly (readonly [Readonly<Record<string, string>>, string])[]>({ normally: [], thoroughly: MORE_WRONG_SETTINGS }),
  ])('refuses wrong settings: %o', async (env, message) => {
    const ping = startLocalPing(place, 'stubs', { env, args: ['--with', 'pong,semaphore'] })
    expect(await ping.exited).toBe(1)
    expect(ping.output()).toContain(message)
  })

  test.each(firstOrAll(['/etc/passwd/data', '/etc/passwd', '/proc/data', '/dev/null']))(
    'refuses a data folder that cannot be created or written to: %s',
    async folder => {
      const ping = startLocalPing(place, 'stubs', { env: { ...NO_KAFKA, PING_DATA_DIR: folder } })
      expect(await ping.exited).toBe(1)
      expect(ping.output()).toContain(
        `Ping cannot start.\nPING_DATA_DIR: got "${folder}", expected a folder that can be created and written to (`,
      )
      expect(ping.output().trimEnd().split('\n')).toHaveLength(2)
    },
  )

  test('runs pong and the semaphore next to Ping if asked to, starts each again, and stops them before what they use', async () => {
    database.addTo(place)
    const args = ['--with', 'pong,semaphore']
    const ping = startLocalPing(place, 'stubs', { args })
    await ping.until(READY)
    for (const [name, setting] of [
      ['pong', 'PONG_PORT'],
      ['semaphore', 'SEMAPHORE_PORT'],
    ] as const) {
      expect(ping.output()).toContain(`\n  ${name.padEnd(10)} http://127.0.0.1:${place.env[setting]}`)
      const { [name]: pid } = place.pids()
      process.kill(pid!, 'SIGKILL')
      await ping.until(new RegExp(`${name} +\\| \\* restarting it now[^]*${name} +\\| \\* ready`))
      expect(place.pids()[name]).not.toBe(pid)
    }
    const second = startLocalPing(place, 'stubs', { args })
    expect(await second.exited).toBe(1)
    expect(second.output()).toContain('REDIS_PORT=… PONG_PORT=… SEMAPHORE_PORT=… npm start -- --with pong,semaphore')
    await stop(ping)
    expect(ping.output()).toContain('semaphore | at the end: postgres true, cache false')
    expect(ping.output()).toContain('pong      | at the end: postgres false, cache false')
  })

  // Of them as of all ports; the line repeats them for a second copy, too.
  thoroughly(test)('checks the ports of pong and the semaphore, and repeats what was asked for in the line to copy', async () => {
    database.addTo(place)
    const blocker = await blocked(Number(place.env['SEMAPHORE_PORT']), '127.0.0.1')
    const ping = startLocalPing(place, 'stubs', { args: ['--with', 'semaphore'] })
    expect(await ping.exited).toBe(1)
    expect(ping.output()).toMatch(new RegExp(`^SEMAPHORE_PORT: got ${place.env['SEMAPHORE_PORT']}, which is in use`, 'm'))
    expect(ping.output()).toMatch(/ SEMAPHORE_PORT=\d+ .*npm start -- --with semaphore\n$/)
    const plain = startLocalPing(place, 'stubs')
    await plain.until(READY)
    await stop(plain)
    blocker.close()
  })

  test.each([
    [['--help'], 0, /^npm start +run Ping on this machine\n/],
    [['--with', 'ping'], 2, /^--with: got "ping", expected pong, semaphore or both, separated by commas\n\nnpm start /],
    [['pong'], 2, /^argument: got "pong", expected --with, --help or nothing\n/],
  ])('answers %j at once, and starts nothing', async (args, code, output) => {
    const ping = startLocalPing(place, 'stubs', { args })
    expect(await ping.exited).toBe(code)
    expect(ping.output()).toMatch(output)
    expect(existsSync(place.dataDir)).toBe(false)
  })

  test('starts neither a cache nor Kafka if REDIS_URL and KAFKA_BROKERS are set', async () => {
    database.addTo(place)
    const redis = await startCache()
    const ping = startLocalPing(place, 'stubs', { env: { REDIS_URL: redis.url, KAFKA_BROKERS: '127.0.0.1:1,127.0.0.1:2' } })
    await ping.until(READY)
    expect(Object.keys(place.pids()).toSorted()).toEqual(['postgres', 'processor', 'server'])
    expect(ping.output()).toContain(`cache      ${redis.url}  (yours, from REDIS_URL)`)
    expect(ping.output()).toContain('kafka      127.0.0.1:1,127.0.0.1:2  (yours, from KAFKA_BROKERS)')
    await stop(ping)
    expect(ping.output()).toContain('server    | at the end: postgres true, cache true')
    await redis.stop()
  })

  test("passes only known variables of the shell to the programs, and says which of Ping's settings it does not use", async () => {
    database.addTo(place)
    const ping = startLocalPing(place, 'stubs', { env: { ...FOREIGN_SHELL, LOG_LEVEL: 'DEBUG', TZ: 'Asia/Tokyo' } })
    await ping.until(READY)
    await stop(ping)
    const names = /server +\| environment: (.*)/.exec(ping.output())?.[1]?.split(' ') ?? []
    const ours = [
      'CORS_ORIGINS',
      'DATABASE_URL',
      'HOST',
      'KAFKA_BROKERS',
      'LC_ALL',
      'LOG_LEVEL',
      'NODE_COMPILE_CACHE',
      'PORT',
      'PROCESSOR_PORT',
      'REDIS_URL',
      'TZ',
    ]
    expect(names.filter(name => !SYSTEM.includes(name))).toEqual(ours)
    expect(ping.output()).toContain(
      'set, but not used by npm start: DATABASE_URL, DB_CA_FILE, DB_HOST, KAFKA_SASL_MECHANISM, KAFKA_TLS, LANES, REDIS_HOST, REDIS_PASSWORD, TLS_CERT_FILE\n',
    )
    expect(ping.output()).toContain('server    | at the end: postgres true, cache true')
  })

  test('accepts a data folder of any name', async () => {
    const dataDir = `${place.dataDir} a,b 'c' "d" %20%s #e =f \\g $HOME \`id\` ü😀 & ; *`
    const ping = startLocalPing(place, 'stubs', { env: { PING_DATA_DIR: dataDir } })
    await ping.until(READY)
    expect(ping.output()).toContain(`Its data is in ${dataDir}\n`)
    await stop(ping)
    expect(readdirSync(dataDir).toSorted()).toEqual(['broker', 'lock.db', 'pgpass', 'postgres', 'run', 'run-by'])
  })

  test.runIf(process.getuid?.() === 0)(
    "as root, on an ordinary user's folder, runs as that user, who can use the folder afterwards",
    { timeout: 180_000 },
    async () => {
      const user = plainUser()!
      mkdirSync(place.dataDir)
      chownSync(place.dataDir, user.uid, user.gid)
      const first = startLocalPing(place, 'stubs')
      await first.until(READY)
      await stop(first)
      expect(first.output()).toContain(`${place.dataDir} belongs to user ${user.uid}: everything runs as that user`)
      expect(
        readdirSync(place.dataDir, { recursive: true, encoding: 'utf8' }).filter(
          name => statSync(join(place.dataDir, name)).uid !== user.uid,
        ),
      ).toEqual([])
      const second = startLocalPing(place, 'stubs', { user })
      await second.until(READY)
      await stop(second)
    },
  )

  test.runIf(process.getuid?.() === 0)('names the user without an account for whom PostgreSQL cannot create a database', async () => {
    const user = { name: '', uid: 54_321, gid: 54_321 }
    mkdirSync(place.dataDir)
    chownSync(place.dataDir, user.uid, user.gid)
    for (const options of [{ user }, {}]) {
      const ping = startLocalPing(place, 'stubs', options)
      expect(await ping.exited).toBe(1)
      expect(ping.output()).toMatch(
        /Ping cannot start\.\nuser 54321 has no entry in \/etc\/passwd, which PostgreSQL needs to create a database: .*echo 'ping:x:54321:/,
      )
    }
  })

  test('ends with the reason and a remedy if a part can never run', async () => {
    mkdirSync(join(place.dataDir, 'broker'), { recursive: true })
    writeFileSync(join(place.dataDir, 'broker', 'meta.properties'), 'garbage')
    const ping = startLocalPing(place, 'stubs')
    expect(await ping.exited).toBe(1)
    expect(ping.output()).not.toContain('Ping is running')
    expect(ping.output()).not.toContain('kafka     | * restarting it')
    expect(ping.output()).toMatch(
      /Ping cannot start\.\nkafka exited while starting \(exit code 78\); its last output:\n.*\n.*meta\.properties is damaged: .*\n.*KAFKA_BROKERS=host:port npm start\n$/,
    )
    expect(place.alive()).toEqual([])
  })

  test("ends with PostgreSQL's message and a remedy if its database is damaged", async () => {
    const [postgres, user] = [join(place.dataDir, 'postgres'), plainUser()]
    mkdirSync(place.dataDir)
    mkdirSync(postgres, { mode: 0o700 })
    writeFileSync(join(postgres, 'PG_VERSION'), '18\n')
    for (const path of user ? [postgres, join(postgres, 'PG_VERSION')] : []) chownSync(path, user!.uid, user!.gid)
    const ping = startLocalPing(place, 'stubs', { env: NO_KAFKA })
    expect(await ping.exited).toBe(1)
    expect(ping.output()).not.toContain('Ping is running')
    expect(ping.output()).toMatch(
      /Ping cannot start\.\npostgres .*\n[^]*postgresql\.conf[^]*\nIts data is in .*\/postgres: repair or restore it, or move the folder away/,
    )
  })

  test('ends with the reason if a running part can never run again', async () => {
    database.addTo(place)
    const ping = startLocalPing(place, 'stubs')
    await ping.until(READY)
    writeFileSync(join(place.dataDir, 'broker', 'topics.json'), 'garbage')
    process.kill(place.pids()['kafka']!, 'SIGKILL')
    expect(await ping.exited).toBe(1)
    expect(ping.output()).toMatch(
      /A part cannot run; stopping the others\.[^]*\nkafka exited while starting [^]*topics\.json is damaged .*\n[^]*npm start\n$/,
    )
    expect(ping.output()).toContain('server    | at the end: postgres true, cache true')
  })
})
