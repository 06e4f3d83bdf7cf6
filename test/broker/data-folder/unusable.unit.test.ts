import { expect, test } from 'vitest'
import { storageError } from '../../../broker/log/storage-error.ts'
import { unusable } from '../../../broker/unusable.ts'
import { InUseError, SettingsError } from '../../../src/runtime/settings.ts'

const FOLDER = import.meta.dirname

function ofSystem(code: string): Error {
  return Object.assign(new Error(`${code}: the reason`), { code, syscall: 'write' })
}

test.each(['ENOSPC', 'EMFILE', 'ENOMEM'])('a data folder that cannot be opened because of %s may be tried again', code => {
  for (const error of [ofSystem(code), storageError('opening a log', ofSystem(code))]) {
    expect(unusable(error, FOLDER)).toBeInstanceOf(InUseError)
    expect((unusable(error, FOLDER) as Error).message).toContain(`log.dirs: got "${FOLDER}": `)
    expect((unusable(error, FOLDER) as Error).message).toContain(`${code}: the reason`)
  }
})

test.each(['EISDIR', 'EIO', 'EROFS'])('a data folder that cannot be opened because of %s is a permanent failure', code => {
  const error = unusable(storageError('opening a log', ofSystem(code)), FOLDER)
  expect(error).toBeInstanceOf(SettingsError)
  expect(error).not.toBeInstanceOf(InUseError)
  expect((error as Error).message).toMatch(
    /the reason: .*data-folder\); nothing was changed; repair or restore it, or move the folder away/,
  )
})

test('a programming error in the broker is passed on unchanged', () => {
  const error = new TypeError('x is not a function')
  expect(unusable(error, FOLDER)).toBe(error)
})
