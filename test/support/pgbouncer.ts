import { chownSync, chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChild, untilReady } from '../../local/launch/child.ts'
import { plainUser } from '../../local/launch/plain-user.ts'
import { freePort } from './free-port.ts'

export const PGBOUNCER = '/usr/sbin/pgbouncer'

export type PoolMode = 'session' | 'transaction' | 'statement'

export interface TestPooler {
  readonly port: number
  stop(): Promise<void>
}

/** PgBouncer before a Postgres on this machine, as Debian configures it but for the mode; every user gets in. */
export async function startPgBouncer(
  postgresPort: number,
  poolMode: PoolMode,
  settings: Readonly<Record<string, string>> = {},
): Promise<TestPooler> {
  const port = await freePort()
  const home = mkdtempSync(join(tmpdir(), 'ping-test-pgbouncer-'))
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: String(port),
    unix_socket_dir: '',
    auth_type: 'any',
    pool_mode: poolMode,
    ...settings,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`)
  const file = join(home, 'pgbouncer.ini')
  writeFileSync(file, `[databases]\n* = host=127.0.0.1 port=${postgresPort} user=ping\n[pgbouncer]\n${lines.join('\n')}\n`)
  const user = plainUser() // it does not run as root
  if (user) chownSync(home, user.uid, user.gid)
  chmodSync(home, 0o755)
  const child = await startChild({ name: 'pgbouncer', command: PGBOUNCER, args: [file], user, cwd: home })
  await untilReady(child, () => accepts(port))
  return {
    port,
    stop: async () => {
      await child.kill9()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection(port, '127.0.0.1', () => {
      resolve(true)
      socket.destroy()
    }).on('error', () => resolve(false))
  })
}
