import { execFile } from 'node:child_process'
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { onPath } from '../../local/launch/on-path.ts'
import { postgresBinaries } from '../../local/launch/postgres-binaries.ts'
import { launchPostgres, stopPostgres } from '../../local/launch/postgres.ts'
import { postgresHome } from '../../local/postgres/postgres-home.ts'
import { postgresPart } from '../../local/postgres/postgres-part.ts'
import { localLedger } from '../../src/cli/stores/local-ledger.ts'
import { readHeads } from '../../src/ledger/heads.ts'
import { readPgpass } from '../../src/runtime/pgpass.ts'
import { createPostgresClient } from '../../src/runtime/postgres-client.ts'
import { sumOfHeads } from '../../src/terms/position.ts'
import { pingsAt, record, rowsOf, setUp, withClient } from '../ledger/ledger-fixture.ts'
import { setUpAsBefore } from '../ledger/older-database.ts'
import { firstOrAll, thoroughly } from '../support/depth.ts'
import { freePort } from '../support/free-port.ts'
import type { TestAddress } from '../support/postgres.ts'

const BINARIES = postgresBinaries(18)!
const LOGINS = ['postgres', 'ping', process.env['USER'] ?? 'root']

let home: string
let folder: string
let port: number

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'ping-test-part-'))
  chmodSync(home, 0o755)
  folder = join(home, 'data')
  mkdirSync(folder)
  port = await freePort()
})
afterAll(() => rmSync(home, { recursive: true }))

/** Calls `use` while the part runs, with its owner's address and all its output. */
async function whileItRuns(
  use: (owner: TestAddress, lines: readonly string[]) => Promise<void> | void,
  { withSemaphore = false } = {},
): Promise<void> {
  const lines: string[] = []
  const { part, url } = postgresPart(port, folder, withSemaphore)
  const child = await part.launch({ onLine: line => void lines.push(line) })
  try {
    await use({ url, config: localLedger(folder)! }, lines)
  } finally {
    await child.stop(part.stopSignal, part.graceMs)
  }
}

async function expectLocked(): Promise<void> {
  for (const user of LOGINS) {
    for (const password of ['', 'postgres', 'ping']) {
      const client = createPostgresClient({ host: '127.0.0.1', port, user, database: 'postgres', password: () => password })
      await expect(client.connect(), `${user} with ${JSON.stringify(password)}`).rejects.toThrow(/password|SASL/)
      await client.end().catch(() => undefined)
    }
  }
}

const file = () => join(folder, 'pgpass')
const passwords = () =>
  readFileSync(file(), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map(line => line.split(':').at(-1)!)
const superuser = (): TestAddress => ({
  url: '',
  config: { host: '127.0.0.1', port, user: 'postgres', password: passwords()[1]!, database: 'ping' },
})

describe('the Postgres of npm start', () => {
  test('accepts only connections with the password, which only its user can read', async () => {
    await whileItRuns(async (owner, lines) => {
      await expectLocked()
      expect(statSync(file()).mode & 0o777).toBe(0o600)
      const rights = await rowsOf(
        owner,
        'select rolname as name, rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls as more from pg_roles where rolname = current_user',
      )
      expect(rights).toEqual([{ name: 'ping', more: false }])
      await setUp(owner, 2)
      await withClient(owner, client => record(client, 0, pingsAt(1)))
      const kept = await rowsOf<{ kept: string }>(superuser(), 'select rolpassword as kept from pg_authid where rolcanlogin')
      expect(kept.every(row => row.kept.startsWith('SCRAM-SHA-256$'))).toBe(true)
      const { stdout } = await promisify(execFile)('ps', ['-eo', 'args'])
      for (const password of passwords()) expect(`${stdout}${lines.join()}`).not.toContain(password)
    })
  })

  // whole.e2e.test.ts runs psql with it, too.
  thoroughly(test.runIf(onPath('psql')))('accepts psql with its password file', async () => {
    await whileItRuns(async () => {
      const env = { ...process.env, PGPASSFILE: file() }
      const { stdout } = await promisify(execFile)('psql', [`postgres://ping@127.0.0.1:${port}/ping`, '-Atc', 'select current_user'], {
        env,
      })
      expect(stdout).toBe('ping\n')
    })
  })

  test('keeps its passwords and its data, on another port too', async () => {
    const before = passwords()
    chmodSync(file(), 0o644)
    port = await freePort()
    await whileItRuns(async owner => {
      expect(sumOfHeads(await withClient(owner, readHeads))).toBe(1n)
    })
    expect(passwords()).toEqual(before)
    expect(statSync(file()).mode & 0o777).toBe(0o600)
  })

  describe('with the semaphore, on a data folder from before', () => {
    const withSemaphore = true
    const semaphore = (database = 'semaphore'): TestAddress => {
      const line = readPgpass(file())?.find(({ user }) => user === 'semaphore')
      return { url: '', config: { host: '127.0.0.1', port, user: 'semaphore', password: line?.password ?? 'none', database } }
    }
    const roles = "select rolname as name from pg_roles where rolname in ('ping', 'semaphore') order by 1"
    const refused = /permission denied for database/

    test('has neither its role nor its password until it is asked for', async () => {
      await whileItRuns(async () => expect(await rowsOf(superuser(), roles)).toEqual([{ name: 'ping' }]))
      expect(passwords()).toHaveLength(2)
    })

    test('gives it a database of its own, in which it may create a schema, and no other right', async () => {
      const before = passwords()
      await whileItRuns(
        async (owner, lines) => {
          await rowsOf(semaphore(), 'create schema semaphore create table resources (id text)')
          expect(await rowsOf(semaphore(), 'select current_user as name')).toEqual([{ name: 'semaphore' }])
          const rights = await rowsOf(
            semaphore(),
            'select rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls as more from pg_roles where rolname = current_user',
          )
          expect(rights).toEqual([{ more: false }])
          expect(sumOfHeads(await withClient(owner, readHeads))).toBe(1n)
          const { stdout } = await promisify(execFile)('ps', ['-eo', 'args'])
          for (const password of passwords()) expect(`${stdout}${lines.join()}`).not.toContain(password)
        },
        { withSemaphore },
      )
      expect(passwords()).toEqual([...before, expect.stringMatching(/^[0-9a-f]{48}$/)])
      expect(statSync(file()).mode & 0o777).toBe(0o600)
    })

    test("lets its role neither connect to Ping's database nor read or write Ping's tables, and Ping's role not connect to its own", async () => {
      await whileItRuns(
        async owner => {
          await expect(rowsOf(semaphore('ping'), 'select from pings')).rejects.toThrow(refused)
          const { config } = owner
          await expect(rowsOf({ url: '', config: { ...config, database: 'semaphore' } }, 'select 1')).rejects.toThrow(refused)
          // Even if someone lets it connect.
          await rowsOf(superuser(), 'grant connect on database ping to semaphore')
          for (const sql of [
            'select from pings',
            'insert into pings default values',
            'update pings set lane = 1',
            'delete from pings',
            'create table t ()',
          ])
            await expect(rowsOf(semaphore('ping'), sql), sql).rejects.toThrow(/permission denied for (table|schema)/)
          await rowsOf(superuser(), 'revoke connect on database ping from semaphore')
        },
        { withSemaphore },
      )
    })

    // As the data and the password of Ping itself.
    thoroughly(test)('keeps its password and its data over a start without it', async () => {
      const before = passwords()
      await whileItRuns(async () => expect(await rowsOf(superuser(), roles)).toHaveLength(2))
      expect(passwords()).toEqual(before)
      await whileItRuns(async () => expect(await rowsOf(semaphore(), 'select from semaphore.resources')).toEqual([]), { withSemaphore })
      expect(passwords()).toEqual(before)
    })
  })

  const DAMAGES = [
    ['was removed', () => rmSync(file())],
    ['was damaged', () => writeFileSync(file(), '\0garbage\n:::::')],
    ['was emptied', () => writeFileSync(file(), '')],
  ] as const
  test.each(firstOrAll(DAMAGES))('gets new passwords when the file %s', async (_, damage) => {
    const before = passwords()
    damage()
    await whileItRuns(async owner => {
      expect(sumOfHeads(await withClient(owner, readHeads))).toBe(1n)
      await expectLocked()
    })
    expect(passwords().filter(password => before.includes(password))).toEqual([])
  })

  test('says what to do with the password file of another data folder', async () => {
    const before = readFileSync(file(), 'utf8')
    writeFileSync(file(), before.replaceAll(/[0-9a-f]{48}/g, 'x'.repeat(48)))
    const spawned: { kill9(): Promise<unknown> }[] = []
    const launched = postgresPart(port, folder).part.launch({ onSpawn: child => void spawned.push(child) })
    await expect(launched).rejects.toThrow(
      `postgres rejects the password in ${file()}, which belongs to another data folder: remove the file`,
    )
    await Promise.all(spawned.map(child => child.kill9()))
    writeFileSync(file(), before)
  })

  test('says what is wrong if the password file is a folder', () => {
    const other = join(home, 'other')
    mkdirSync(join(other, 'pgpass'), { recursive: true })
    expect(() => postgresPart(port, other)).toThrow(`${join(other, 'pgpass')}: expected a file that can be read, or none`)
  })

  test('takes over a data folder without passwords, and all tables that its superuser owned', async () => {
    rmSync(folder, { recursive: true })
    mkdirSync(folder)
    const { note: _, ...options } = postgresHome(folder, BINARIES)
    const old = await launchPostgres({ ...options, port })
    const trusted = (database: string): TestAddress => ({ url: '', config: { host: '127.0.0.1', port, user: 'postgres', database } })
    await rowsOf(trusted('postgres'), 'create database ping')
    await setUpAsBefore(trusted('ping'))
    await stopPostgres(old)
    appendFileSync(join(options.dataDir, 'pg_hba.conf'), 'host all all 0.0.0.0/0 trust # everybody\n')
    await whileItRuns(async owner => {
      await expectLocked()
      await setUp(owner, 3)
      await withClient(owner, async client => {
        expect((await record(client, 1, pingsAt(3))).before.seq).toBe(2n)
        expect(sumOfHeads(await readHeads(client))).toBe(3n)
      })
    })
    expect(readFileSync(join(options.dataDir, 'pg_hba.conf'), 'utf8')).not.toMatch(/\btrust\b/)
  })
})
