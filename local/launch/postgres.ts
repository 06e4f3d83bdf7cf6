import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { wait } from '../../src/runtime/wait.ts'
import { runToEnd, startChild, StartError, untilReady, type Child, type ChildHooks } from './child.ts'
import type { PlainUser } from './plain-user.ts'
import { systemEnvironment } from './system-environment.ts'

export interface PostgresOptions extends ChildHooks {
  /** Folder with `initdb` and `postgres`. */
  readonly binaries: string
  /** Created if it does not exist. */
  readonly dataDir: string
  readonly port: number
  /** The account to run as if this process is root; it becomes the owner of the data folder. */
  readonly user: PlainUser | undefined
  /** Called when the data folder exists and no server runs on it. */
  readonly beforeStart?: () => Promise<void>
  /** Further settings of the server (`name=value`). */
  readonly settings?: Readonly<Record<string, string>>
}

/** Reachable from this machine only, and without a password, as initdb leaves it; no socket files. */
const SETTINGS = { listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: '200' }
/** A new postmaster refuses to start while backends of a killed one still use the shared memory. */
const STILL_HELD = /shared memory block|lock file .* already exists/
const HELD_LIMIT_MS = 10_000

/** Creates the data folder if it does not exist, starts the server and waits until it accepts connections. */
export async function launchPostgres(options: PostgresOptions): Promise<Child> {
  await initialise(options)
  if (options.beforeStart) await onceFree(options.beforeStart)
  return onceFree(() => launch(options))
}

async function onceFree<T>(attempt: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + HELD_LIMIT_MS
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      const held = error instanceof StartError && STILL_HELD.test(error.message)
      if (!held || Date.now() > deadline) throw error
      await wait(100)
    }
  }
}

/** Stops it in "fast" mode: open transactions are rolled back, everything committed is written. */
export async function stopPostgres(child: Child): Promise<void> {
  await child.stop('SIGINT', 20_000)
}

async function initialise(options: PostgresOptions): Promise<void> {
  const { binaries, dataDir, user, onSpawn } = options
  if (existsSync(join(dataDir, 'PG_VERSION'))) return checkOwner(dataDir, user)
  // Created under another name and then renamed: a start that is killed halfway leaves nothing that looks like a database.
  removeUnfinished(dataDir)
  const fresh = `${dataDir}.new-${process.pid}`
  mkdirSync(fresh, { recursive: true, mode: 0o700 })
  if (user) chownSync(fresh, user.uid, user.gid)
  const args = ['-D', fresh, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync']
  await runToEnd({
    name: 'initdb',
    command: join(binaries, 'initdb'),
    args,
    user,
    cwd: fresh,
    env: systemEnvironment({ bringsLibraries: true }),
    onSpawn,
  })
  renameSync(fresh, dataDir)
}

function removeUnfinished(dataDir: string): void {
  const beside = dirname(dataDir)
  const unfinished = existsSync(beside) ? readdirSync(beside).filter(name => name.startsWith(`${basename(dataDir)}.new-`)) : []
  // Repeated: a process of an initdb that was killed may still write a file.
  for (const name of unfinished) rmSync(join(beside, name), { recursive: true, force: true, maxRetries: 5 })
}

function checkOwner(dataDir: string, user: PlainUser | undefined): void {
  const [owner, ours] = [statSync(dataDir).uid, user?.uid ?? process.getuid?.()]
  if (ours === undefined || owner === ours) return
  throw new StartError(
    `${dataDir} belongs to user ${owner}, but PostgreSQL would run as user ${ours}: start as the user who created it, or use another folder`,
  )
}

async function launch(options: PostgresOptions): Promise<Child> {
  const { binaries, dataDir, port, user, onLine, onSpawn } = options
  const settings = Object.entries({ ...SETTINGS, port: String(port), ...options.settings })
  const args = ['-D', dataDir, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  const command = join(binaries, 'postgres')
  const child = await startChild({
    name: 'postgres',
    command,
    args,
    user,
    cwd: dataDir,
    env: systemEnvironment({ bringsLibraries: true }),
    onLine,
    onSpawn,
  })
  await untilReady(child, () => isReady(dataDir, child.pid))
  return child
}

/** Postgres writes its state into the eighth line of its pid file, as pg_ctl reads it. */
function isReady(dataDir: string, pid: number): boolean {
  const file = join(dataDir, 'postmaster.pid')
  if (!existsSync(file)) return false
  const lines = readFileSync(file, 'utf8').split('\n')
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready'
}
