import { describe, expect, test } from 'vitest'
import { hostSetting } from '../../src/runtime/host-setting.ts'
import { readSettings } from '../../src/runtime/settings.ts'

const read = (HOST: string) => readSettings({ hosts: hostSetting({ help: 'x', fallback: undefined }) }, { HOST }).hosts

describe('HOST', () => {
  test.each([
    ['', undefined],
    ['127.0.0.1', ['127.0.0.1']],
    ['::1', ['::1']],
    ['[::1]', ['::1']],
    ['0:0:0:0:0:0:0:1, FE80::A%eth0', ['::1', 'fe80::a%eth0']],
    ['localhost', ['127.0.0.1', '::1']],
    ['LocalHost,10.0.0.5', ['127.0.0.1', '::1', '10.0.0.5']],
    ['localhost,127.0.0.1,0:0::1', ['127.0.0.1', '::1']],
    ['0.0.0.0', ['0.0.0.0']],
    ['::', ['::']],
    ['0.0.0.0,::', ['0.0.0.0', '::']],
    ['127.0.0.1,::', ['127.0.0.1', '::']],
  ])('%j means the addresses %j', (text, addresses) => {
    expect(read(text)).toEqual(addresses)
  })

  test.each([
    '*',
    'all',
    'my-host',
    'x86_64-conda-linux-gnu',
    '127.0.0.256',
    '127.1',
    '0',
    '127.0.0.1:8080',
    'http://127.0.0.1',
    '::1]',
    '[127.0.0.1',
    ',',
    '::1,',
    '0.0.0.0,127.0.0.1',
    '::,localhost',
  ])('refuses %j', text =>
    expect(() => read(text)).toThrow(`HOST: got ${JSON.stringify(text)}, expected IP addresses of this machine, separated by commas`),
  )
})
