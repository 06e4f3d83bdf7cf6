import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { startChild } from '../../local/launch/child.ts'
import { rowsOf } from '../ledger/ledger-fixture.ts'
import { run } from '../server/http-fixture.ts'
import { testDatabase } from '../support/postgres.ts'

const MAIN = fileURLToPath(new URL('../../semaphore/main.ts', import.meta.url))

/** Runs the semaphore to its end. */
async function ends(env: Readonly<Record<string, string>>, ...args: string[]) {
  const lines: string[] = []
  const options = { name: 'semaphore', command: process.execPath, args: [MAIN, ...args], env: { ...process.env, ...env } }
  const child = await startChild({ ...options, onLine: line => void lines.push(line) })
  const { code } = await child.exited
  await child.read
  return { code, log: lines.join('\n') }
}

describe('the semaphore as a program', () => {
  test('prints how to call it, with --help', async () => {
    const { code, stdout, stderr } = await run(process.execPath, [MAIN, '--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/run the semaphore\n.* --migrate-only +set up the database and exit\n.* --help +print this\n$/)
  })

  test('rejects unknown arguments', async () => {
    const stderr = 'argument: got "--migrate", expected --migrate-only, --help or nothing\n'
    expect(await run(process.execPath, [MAIN, '--migrate'])).toEqual({ code: 2, stdout: '', stderr })
  })

  test('sets up the database and exits, with --migrate-only', async () => {
    const database = await testDatabase()
    expect((await ends({ DATABASE_URL: database.url }, '--migrate-only')).code).toBe(0)
    expect(await rowsOf(database, 'select count(*)::int as lanes from semaphore.lanes')).toEqual([{ lanes: 16 }])
    await database.drop()
  })

  test('does not start with wrong settings, and names all of them', async () => {
    const { code, log } = await ends({ SEMAPHORE_PORT: 'x', SEMAPHORE_LEASE_MS: '-1' })
    expect(code).toBe(78)
    expect(log).toMatch(/SEMAPHORE_PORT: got \\"x\\", expected an integer[^]*SEMAPHORE_LEASE_MS: got \\"-1\\", expected/)
    const same = await ends({ SEMAPHORE_EVENT_TOPIC: 'command-requests' })
    expect([same.code, same.log]).toMatchObject([78, expect.stringContaining('twice, expected four different topics')])
  })
})
