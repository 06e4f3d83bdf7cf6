import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CannotStart } from '../../local/cannot-start.ts'
import { lockDataFolder } from '../../local/data-folder.ts'
import { runToEnd, StartError } from '../../local/launch/child.ts'
import { plainUser } from '../../local/launch/plain-user.ts'
import { postgresHome } from '../../local/postgres/postgres-home.ts'
import { PidFiles } from '../../local/supervision/pid-files.ts'

const MODULE = import.meta.resolve('../../local/data-folder.ts')

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ping-test-folder-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Opens the folder as a start does, up to the first process. Returns its notes. */
function open(path = folder): readonly string[] {
  const { notes, release } = lockDataFolder(path)
  try {
    const pidFiles = new PidFiles(path)
    expect(pidFiles.survivor('server')).toBeUndefined()
    pidFiles.remove('server')
    return notes
  } finally {
    release()
  }
}

function refusal(path = folder): string {
  try {
    open(path)
  } catch (error) {
    expect(error).toBeInstanceOf(CannotStart)
    return (error as Error).message
  }
  throw new Error(`${path} was not refused`)
}

describe('npm start on a damaged data folder:', () => {
  const garbage = [
    '',
    'x',
    '{"a":1}',
    'null',
    '[]',
    '{"pid":null,"identity":null}',
    '{"pid":-1,"identity":"x"}',
    '{"pid":"self"}',
    '\0\u0001\u0002'.repeat(500),
  ]

  test.each(garbage)('starts with %j in any of its files', content => {
    mkdirSync(join(folder, 'run'))
    for (const file of ['lock.db', 'run-by', 'run/server.json']) writeFileSync(join(folder, file), content)
    const notes = open()
    if (content.length < 2) return expect(notes).toEqual([])
    expect(notes).toEqual([`${folder}/lock.db was not a lock file: its content is kept in ${folder}/lock.db.damaged`])
    expect(readFileSync(join(folder, 'lock.db.damaged'), 'utf8')).toBe(content)
    expect(open()).toEqual([])
  })

  test.each(['lock.db', 'run-by', 'run/server.json'])('names a folder that is in the place of %s', file => {
    mkdirSync(join(folder, file), { recursive: true })
    expect(refusal()).toContain(join(folder, file))
  })

  test('names a file that is in the place of the folder run', () => {
    writeFileSync(join(folder, 'run'), '')
    expect(refusal()).toContain(join(folder, 'run'))
  })

  test('names another copy that uses the folder, whatever is in the file with its pid', () => {
    const { release } = lockDataFolder(folder)
    expect(refusal()).toContain(`another Ping (pid ${process.pid}) uses the data folder`)
    writeFileSync(join(folder, 'run-by'), 'garbage')
    expect(refusal()).toContain('another Ping (pid unknown) uses the data folder')
    release()
  })

  test.each<[string, () => void, string]>([
    ['a file', () => writeFileSync(join(folder, 'postgres'), ''), 'got a file, expected the folder of a database'],
    [
      'half a database',
      () => mkdirSync(join(folder, 'postgres', 'base'), { recursive: true }),
      'got a folder with base but without PG_VERSION, expected a database or an empty folder: restore it, or move the folder away',
    ],
  ])('names %s that is in the place of the database', (_, make, message) => {
    make()
    const user = plainUser()
    if (user) chownSync(join(folder, 'postgres'), user.uid, user.gid)
    chmodSync(folder, 0o755)
    expect(() => postgresHome(folder, dirname(process.execPath))).toThrow(`${join(folder, 'postgres')}: ${message}`)
  })
})

describe('the path of the data folder', () => {
  test.each(['a,b', 'a b', ' a ', `'"`, '%d%20', '#', 'a=b', '\\', '$HOME', 'ü😀', 'deep/er'])('may be %j', name => {
    expect(open(join(folder, name))).toEqual([])
  })

  test('may be relative, end in a slash, or be a link', () => {
    symlinkSync(folder, join(folder, 'link'))
    for (const path of [join(folder, 'link'), `${folder}/`, `${folder}/./x/..`]) expect(open(path)).toEqual([])
  })

  test.each([
    ['a line break', 'a\nb', /expected a path without control characters/],
    ['more bytes than databases open', 'ü'.repeat(100) + `/${'x'.repeat(100)}`.repeat(3), /got a path of \d+ bytes, expected at most 480/],
  ])('may not have %s', (_, name, message) => {
    expect(refusal(join(folder, name))).toMatch(message)
  })

  test('may not be a link that leads nowhere', () => {
    symlinkSync(join(folder, 'none'), join(folder, 'link'))
    expect(refusal(join(folder, 'link'))).toContain('expected a folder that can be created and written to (EEXIST')
  })

  test.skipIf(process.getuid?.() === 0)('may not be a folder that this user cannot write to', () => {
    chmodSync(folder, 0o500)
    expect(refusal()).toContain('expected a folder that can be created and written to (EACCES')
  })

  test.skipIf(process.getuid?.() === 0)("may not be root's, and the error names root", () => {
    expect(refusal('/var/lib/ping-test')).toMatch(
      /EACCES.* belongs to user 0, and this is user \d+: start as user 0, or change the owner with chown -R/,
    )
  })

  test.runIf(process.getuid?.() === 0)("may not be root's for an ordinary user, and may not contain files of root", async () => {
    const user = plainUser()
    const asUser = (path: string) =>
      runToEnd({
        name: 'lock',
        command: process.execPath,
        args: ['-e', `import(${JSON.stringify(MODULE)}).then(({ lockDataFolder }) => lockDataFolder(${JSON.stringify(path)}))`],
        user,
      })
    chmodSync(folder, 0o755)
    await expect(asUser(folder)).rejects.toThrow(StartError)
    await expect(asUser(folder)).rejects.toThrow(
      `${folder} belongs to user 0, and this is user ${user?.uid}: start as user 0, or change the owner with chown -R`,
    )
    chmodSync(folder, 0o777)
    writeFileSync(join(folder, 'lock.db'), '')
    await expect(asUser(folder)).rejects.toThrow(`${join(folder, 'lock.db')} belongs to user 0, and this is user ${user?.uid}`)
  })

  test.runIf(process.getuid?.() === 0)("may be an ordinary user's, and root can use it as before", async () => {
    const user = plainUser()
    if (user) chownSync(folder, user.uid, user.gid)
    const uidAfter = () =>
      runToEnd({
        name: 'lock',
        command: process.execPath,
        args: [
          '-e',
          `import(${JSON.stringify(MODULE)}).then(({ lockDataFolder }) => (lockDataFolder(${JSON.stringify(folder)}), console.log(process.getuid())))`,
        ],
      })
    writeFileSync(join(folder, 'lock.db'), '')
    expect(await uidAfter()).toBe('0')
    rmSync(join(folder, 'lock.db'))
    rmSync(join(folder, 'run-by'))
    expect(await uidAfter()).toBe(String(user?.uid))
  })
})
