import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { onPath } from '../../local/launch/on-path.ts'
import { plainUser } from '../../local/launch/plain-user.ts'
import { thoroughly } from '../support/depth.ts'
import { clearAfterEach, localPlace, NO_KAFKA, startLocalPing, type LocalPing, type LocalPlace } from '../support/local-ping.ts'
import { shellEnvironment } from '../support/printed-lines.ts'

const READY = /Ctrl-C stops everything/
const TEST_LIMIT_MS = 300_000
/** Each look starts a program. */
const POLL = { timeout: 60_000, interval: 300 }
const ROOT = join(import.meta.dirname, '..', '..')
const run = promisify(execFile)

/** Runs a printed line unchanged, in a shell, in the clone. */
async function paste(line: string): Promise<string> {
  return (await run('sh', ['-c', line], { cwd: ROOT, env: shellEnvironment() })).stdout
}

function printedLines(ping: LocalPing): {
  ping: string
  count: string
  cli: string
  cliCount: string
  verify: string
  psql: string
  cache: string
} {
  const lines = ping
    .output()
    .split('\n')
    .map(line => line.trim())
  const find = (pattern: RegExp) => lines.find(line => pattern.test(line)) ?? `no line ${pattern}`
  return {
    ping: find(/^curl .*\/Ping$/),
    count: find(/^curl .*\/PingCount$/),
    cli: find(/pingcli ping/),
    cliCount: find(/pingcli count/),
    verify: find(/pingcli verify/),
    psql: find(/ psql /),
    cache: find(/^redis-cli/),
  }
}

async function counted(ping: LocalPing): Promise<number> {
  const answer = JSON.parse(await paste(printedLines(ping).count)) as { pingCount?: string }
  return Number(answer.pingCount ?? 0)
}

async function stop(ping: LocalPing): Promise<void> {
  ping.signal('SIGTERM')
  expect(await ping.exited).toBe(0)
}

describe('npm start with everything', () => {
  let place: LocalPlace
  clearAfterEach(() => place)

  test('prints lines that work unchanged, and keeps the data over a restart', { timeout: TEST_LIMIT_MS }, async () => {
    place = await localPlace()
    const first = startLocalPing(place, 'npm')
    await first.until(READY)
    const lines = printedLines(first)
    expect(JSON.parse(await paste(lines.ping))).toEqual({})
    expect(await paste(lines.cli)).toContain('1 000 of 1 000 pings acknowledged')
    await expect.poll(() => counted(first), POLL).toBe(1001)
    expect(await paste(lines.cliCount)).toMatch(/^1001 /)
    await expect.poll(() => paste(lines.cache), POLL).toMatch(/^total\n1001\n/m) // until then, counts may come from Postgres
    await first.until(/kafka +\| \* ready/)
    expect(await paste(lines.verify)).toMatch(/^OK/m)
    if (onPath('psql')) expect(await paste(`${lines.psql} -Atc 'select count(*) from pings'`)).toBe('1001\n')
    first.signal('SIGTERM')
    await first.exited

    const second = startLocalPing(place, 'npm')
    await second.until(READY)
    await expect.poll(() => counted(second), POLL).toBe(1001)
    await paste(printedLines(second).ping)
    await expect.poll(() => counted(second), POLL).toBe(1002)
    second.signal('SIGTERM')
    await second.exited
  })

  test('publishes and counts with Node only, and says that a stand-in replaces Redis', { timeout: TEST_LIMIT_MS }, async () => {
    place = await localPlace()
    const path = mkdtempSync(join(tmpdir(), 'ping-test-path-'))
    symlinkSync(process.execPath, join(path, 'node'))
    symlinkSync(onPath('id')!, join(path, 'id'))
    const ping = startLocalPing(place, 'node', { env: { PATH: path } })
    await ping.until(READY)
    expect(ping.output()).toContain('(a built-in stand-in)')
    expect(ping.output()).toContain("(Ping's own broker)")
    for (let n = 0; n < 3; n++) await paste(printedLines(ping).ping)
    await expect.poll(() => paste(printedLines(ping).cache), POLL).toMatch(/^total\n3\n/m)
    expect(await counted(ping)).toBe(3)
    expect(await paste(printedLines(ping).verify)).toMatch(/^OK/m)
    await stop(ping)
    rmSync(path, { recursive: true })
  })

  // start.e2e.test.ts starts the parts as a plain user, too.
  thoroughly(test.runIf(process.getuid?.() === 0))('as a plain user', { timeout: TEST_LIMIT_MS }, async () => {
    const user = plainUser()
    place = await localPlace(user ? { user } : {})
    const ping = startLocalPing(place, 'node', { env: { ...NO_KAFKA, HOME: dirname(place.dataDir) }, ...(user && { user }) })
    await ping.until(READY)
    await paste(printedLines(ping).ping)
    await expect.poll(() => counted(ping), POLL).toBe(1)
    await stop(ping)
  })

  // postgres-home.int.test.ts starts PostgreSQL there, too.
  thoroughly(test.runIf(process.getuid?.() === 0))(
    "as root, with the data folder under a closed one such as root's home",
    { timeout: TEST_LIMIT_MS },
    async () => {
      place = await localPlace({ closed: true })
      const first = startLocalPing(place, 'node', { env: NO_KAFKA })
      await first.until(READY)
      await paste(printedLines(first).ping)
      await stop(first)
      const elsewhere = dirname(readlinkSync(join(place.dataDir, 'postgres')))
      expect(first.output()).toContain(`postgres: its data is in ${elsewhere}`)
      const second = startLocalPing(place, 'node', { env: NO_KAFKA })
      await second.until(READY)
      await expect.poll(() => counted(second), POLL).toBe(1)
      await stop(second)
      expect(existsSync(elsewhere)).toBe(true)
    },
  )
})
