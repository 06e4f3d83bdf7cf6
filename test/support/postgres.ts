import { randomUUID } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'
import { freePort } from '../../local/launch/free-port.ts'
import { plainUser } from '../../local/launch/plain-user.ts'
import { postgresBinaries, type PostgresVersion } from '../../local/launch/postgres-binaries.ts'
import { launchPostgres, stopPostgres } from '../../local/launch/postgres.ts'
import { createPostgresClient } from '../../src/runtime/postgres-client.ts'
import { NewCluster } from './new-cluster.ts'

/** How to connect, as one user to one database. */
export interface TestAddress {
  /** postgres://<user>@127.0.0.1:<port>/<database> */
  readonly url: string
  readonly config: pg.ClientConfig
}

/** As its owner, which has no other rights, as in a deployment. */
export interface TestDatabase extends TestAddress {
  /** As the superuser: only for what an owner may not do, such as setting the server up. */
  readonly admin: TestAddress
  /** Removes it, even if clients are still connected. */
  drop(): Promise<void>
}

/** As the owner of its database `postgres`; take others with `createDatabase`. */
export interface TestPostgres extends TestAddress {
  /** As the superuser. */
  readonly admin: TestAddress
  readonly dataDir: string
  readonly port: number
  /** Of the server that runs now. */
  readonly pid: number
  /** Orderly, and the data folder is removed. */
  stop(): Promise<void>
  /** As a crash; the data stays for `restart`. */
  kill9(): Promise<void>
  /** Starts it again on its data and its port, stopping it first (fast) when it runs. */
  restart(settings?: Readonly<Record<string, string>>): Promise<void>
  createDatabase(name?: string): Promise<TestDatabase>
}

/** Made by initdb. */
const SUPERUSER = 'postgres'
/** Owns the databases of tests. */
const OWNER = 'ping'

/** A real server of one's own, in about a second; durable as Postgres is by default. */
export async function startPostgres(
  options: { version?: PostgresVersion; settings?: Readonly<Record<string, string>> } = {},
): Promise<TestPostgres> {
  const { version = 18, settings = {} } = options
  const binaries = postgresBinaries(version)
  if (!binaries) throw new Error(`PostgreSQL ${version}: no binaries on this machine`)
  const home = mkdtempSync(join(tmpdir(), 'ping-test-postgres-'))
  chmodSync(home, 0o755) // the plain user that root runs it as must get in
  const port = await freePort()
  const [dataDir, cluster] = [join(home, 'data'), new NewCluster(version)]
  cluster.copyTo(dataDir)
  const launch = (more: Readonly<Record<string, string>> = {}) =>
    launchPostgres({
      binaries,
      dataDir,
      port,
      user: plainUser(),
      settings: { shared_buffers: '32MB', ...settings, ...more },
      beforeStart: async () => cluster.keep(dataDir),
    })
  let child = await launch()
  await query(port, `CREATE ROLE ${OWNER} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE`)
  await query(port, `ALTER DATABASE postgres OWNER TO ${OWNER}`)
  return {
    ...addressOf(port, OWNER, 'postgres'),
    admin: addressOf(port, SUPERUSER, 'postgres'),
    dataDir,
    port,
    get pid() {
      return child.pid
    },
    stop: async () => {
      await stopPostgres(child)
      rmSync(home, { recursive: true, force: true })
    },
    kill9: async () => {
      await child.kill9()
    },
    restart: async more => {
      await stopPostgres(child)
      child = await launch(more)
    },
    createDatabase: name => createDatabase(port, name),
  }
}

/**
 * An empty database on the run's shared server, which is started when the first test asks for it. Drop it when the
 * file is done. The shared server has fsync off and must not be stopped: take `startPostgres` for that.
 */
export async function testDatabase(options: { version?: PostgresVersion; name?: string } = {}): Promise<TestDatabase> {
  const response = await fetch(`${inject('shared')}/postgres${options.version ?? 18}`)
  const answer = await response.text()
  if (!response.ok) throw new Error(answer)
  return createDatabase(Number(answer), options.name)
}

async function createDatabase(port: number, name = `test_${randomUUID().replaceAll('-', '')}`): Promise<TestDatabase> {
  await query(port, `CREATE DATABASE ${pg.escapeIdentifier(name)} OWNER ${OWNER}`)
  return {
    ...addressOf(port, OWNER, name),
    admin: addressOf(port, SUPERUSER, name),
    drop: () => query(port, `DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`),
  }
}

async function query(port: number, sql: string): Promise<void> {
  const client = createPostgresClient(addressOf(port, SUPERUSER, 'postgres').config)
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

function addressOf(port: number, user: string, database: string): TestAddress {
  return {
    url: `postgres://${user}@127.0.0.1:${port}/${database}`,
    config: { host: '127.0.0.1', port, user, database },
  }
}
