import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { settingFiles } from '../../src/runtime/setting-file.ts'
import { SettingsError } from '../../src/runtime/settings.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ping-test-files-'))
  file = join(folder, 'ca.crt')
  writeFileSync(file, 'old')
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('the files named by settings', () => {
  test('are read again for every connection, although clients copy the options', () => {
    const texts = settingFiles({ ca: { setting: 'CA_FILE', file } })
    expect(Object.assign({ host: 'db' }, texts)).toEqual({ host: 'db', ca: 'old' })
    writeFileSync(file, 'renewed')
    expect(Object.assign({ host: 'db' }, texts)).toEqual({ host: 'db', ca: 'renewed' })
  })

  test('keep their last content while they are missing', () => {
    const texts = settingFiles({ ca: { setting: 'CA_FILE', file } })
    rmSync(file)
    expect(texts.ca).toBe('old')
  })

  test('have no property if the setting is absent', () => {
    expect(settingFiles({ ca: { setting: 'CA_FILE', file }, key: { setting: 'KEY_FILE', file: undefined } })).toEqual({ ca: 'old' })
  })

  test('make the start fail if they cannot be read', () => {
    expect(() => settingFiles({ ca: { setting: 'CA_FILE', file: '/nowhere' } })).toThrow(SettingsError)
  })
})
