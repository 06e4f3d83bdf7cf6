import { chmodSync, chownSync, cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { postgresBinaries } from '../../local/launch/postgres-binaries.ts'
import { launchPostgres, stopPostgres } from '../../local/launch/postgres.ts'
import { postgresHome, type PostgresHome } from '../../local/postgres/postgres-home.ts'
import { freePort } from '../support/free-port.ts'

const BINARIES = postgresBinaries(18)!

async function startAndStop(home: PostgresHome): Promise<void> {
  await stopPostgres(await launchPostgres({ ...home, port: await freePort() }))
}

describe.runIf(process.getuid?.() === 0)('the folder of PostgreSQL if npm start runs as root', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ping-test-home-'))
    mkdirSync(join(folder, 'data'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('is in the data folder if an ordinary user can enter it', async () => {
    chmodSync(folder, 0o755)
    const home = postgresHome(join(folder, 'data'), BINARIES)
    expect(home).toMatchObject({ binaries: BINARIES, dataDir: join(folder, 'data', 'postgres') })
    expect(home.note).toBeUndefined()
    await startAndStop(home)
    expect(lstatSync(home.dataDir).uid).not.toBe(0)
  })

  test('is elsewhere, with the programs, if the clone is below a closed folder', { timeout: 60_000 }, async () => {
    cpSync(dirname(BINARIES), join(folder, 'native'), { recursive: true, verbatimSymlinks: true })
    const home = postgresHome(join(folder, 'data'), join(folder, 'native', 'bin'))
    const elsewhere = dirname(readlinkSync(join(folder, 'data', 'postgres')))
    expect(home.note).toBe(`its data is in ${elsewhere}, because it runs as user ${home.user!.name}, who cannot enter ${folder}`)
    expect(dirname(home.binaries)).toBe(join(elsewhere, 'postgresql'))
    await startAndStop(home)
    expect(postgresHome(join(folder, 'data'), join(folder, 'native', 'bin'))).toMatchObject({
      dataDir: home.dataDir,
      binaries: home.binaries,
    })
    await startAndStop(home)
    rmSync(elsewhere, { recursive: true })
  })

  test('is refused, with the name of the closed folder, if the database is in a folder that was open before', () => {
    chmodSync(folder, 0o755)
    const { dataDir, user } = postgresHome(join(folder, 'data'), BINARIES)
    mkdirSync(dataDir)
    chownSync(dataDir, user!.uid, user!.gid)
    chmodSync(folder, 0o700)
    expect(() => postgresHome(join(folder, 'data'), BINARIES)).toThrow(
      `${dataDir} contains the database, but PostgreSQL runs as user ${user!.uid}, who cannot enter ${folder}: allow it`,
    )
  })

  test('is a new one for a data folder that was removed and created again', async () => {
    const [first, data] = [postgresHome(join(folder, 'data'), BINARIES), join(folder, 'data')]
    rmSync(data, { recursive: true })
    mkdirSync(data)
    const second = postgresHome(data, BINARIES)
    expect(second.dataDir).not.toBe(first.dataDir)
    for (const { dataDir } of [first, second]) rmSync(dirname(dataDir), { recursive: true })
    expect(existsSync(dirname(first.dataDir))).toBe(false)
  })
})
