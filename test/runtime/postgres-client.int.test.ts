import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createPostgresClient } from '../../src/runtime/postgres-client.ts'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'

const run = promisify(execFile)
const MODULE = import.meta.resolve('../../src/ledger/connect.ts')
const folder = mkdtempSync(join(tmpdir(), 'ping-test-libpq-'))
const passFile = join(folder, 'pgpass')

/** What a person may have set for psql. */
const LIBPQ = {
  PGHOST: '127.0.0.2',
  PGPORT: '1',
  PGUSER: 'nobody',
  PGPASSWORD: 'geheim',
  PGDATABASE: 'none',
  PGSSLMODE: 'require',
  PGSSLROOTCERT: '/none',
  PGSSLCERT: '/none',
  PGSSLNEGOTIATION: 'direct',
  PGOPTIONS: '-c statement_timeout=1 -c search_path=none',
  PGAPPNAME: 'theirs',
  PGCLIENTENCODING: 'LATIN1',
  PGCLIENT_ENCODING: 'LATIN1',
  PGREPLICATION: 'true',
  PGBINARY: 'true',
  PGCONNECT_TIMEOUT: '1',
  PGPASSFILE: passFile,
  HOME: folder,
}

describe("with libpq's environment variables set", () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await testDatabase()
    for (const file of [passFile, join(folder, '.pgpass')]) writeFileSync(file, '*:*:*:*:geheim\n', { mode: 0o600 })
  })
  afterAll(async () => {
    rmSync(folder, { recursive: true })
    await database.drop()
  })
  beforeEach(() => Object.entries(LIBPQ).forEach(([name, value]) => vi.stubEnv(name, value)))
  afterEach(() => vi.unstubAllEnvs())

  test('a client connects by its own configuration, and its session has none of their settings', async () => {
    const client = createPostgresClient({ ...database.config, application_name: 'ours' })
    await client.connect()
    const { rows } =
      await client.query(`select current_user as "user", current_database() as database, current_setting('application_name') as name,
      current_setting('statement_timeout') as timeout, current_setting('client_encoding') as encoding, 'ä' as letter`)
    expect(rows).toEqual([
      { user: database.config.user, database: database.config.database, name: 'ours', timeout: '0', encoding: 'UTF8', letter: 'ä' },
    ])
    await client.end()
  })

  test('a client without configuration connects to this machine as postgres', () => {
    expect(createPostgresClient({})).toMatchObject({ host: '127.0.0.1', port: 5432, user: 'postgres', database: 'postgres', ssl: false })
  })

  test('the JavaScript driver is used, even if NODE_PG_FORCE_NATIVE is set', async () => {
    vi.stubEnv('NODE_PG_FORCE_NATIVE', '1')
    const { stderr } = await run(process.execPath, ['--input-type=module', '-e', `await import(${JSON.stringify(MODULE)})`])
    expect(stderr).toBe('')
  })

  test.each([undefined, ''])('a client whose password is %j does not send theirs', async password => {
    const received: Buffer[] = []
    const server = createServer(socket => {
      socket.on('error', () => undefined)
      socket.once('data', () => {
        socket.on('data', chunk => received.push(Buffer.from(chunk)))
        socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3])) // asks for a password in clear
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const client = createPostgresClient({ port: (server.address() as AddressInfo).port, user: 'ping', password })
    client.on('error', () => undefined)
    const outcome = client.connect().catch((error: Error) => error.message)
    if (password === undefined) expect(await outcome).toBe('Postgres asks for the password of user "ping", and none is set')
    else await expect.poll(() => Buffer.concat(received).toString('latin1')).toBe('p\0\0\0\x05\0') // an empty one
    expect(Buffer.concat(received).includes('geheim')).toBe(false)
    await client.end()
    await new Promise(resolve => server.close(resolve))
  })
})
