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

describe('files that settings name', () => {
  test('are read anew for every connection, as clients copy them', () => {
    const texts = settingFiles({ ca: { setting: 'CA_FILE', file } })
    expect(Object.assign({ host: 'db' }, texts)).toEqual({ host: 'db', ca: 'old' })
    writeFileSync(file, 'renewed')
    expect(Object.assign({ host: 'db' }, texts)).toEqual({ host: 'db', ca: 'renewed' })
  })

  test('keep their last text while they are away', () => {
    const texts = settingFiles({ ca: { setting: 'CA_FILE', file } })
    rmSync(file)
    expect(texts.ca).toBe('old')
  })

  test('are no property where none is named', () => {
    expect(settingFiles({ ca: { setting: 'CA_FILE', file }, key: { setting: 'KEY_FILE', file: undefined } })).toEqual({ ca: 'old' })
  })

  test('stop the start when they cannot be read', () => {
    expect(() => settingFiles({ ca: { setting: 'CA_FILE', file: '/nowhere' } })).toThrow(SettingsError)
  })
})
