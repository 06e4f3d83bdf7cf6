import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'

/** What a program prints when it logs this. */
function logged(code: string): string {
  const logger = new URL('../../src/runtime/logger.ts', import.meta.url).href
  const program = `import { createLogger } from ${JSON.stringify(logger)}\nconst log = createLogger({ name: 'test', level: 'info' })\n${code}`
  return spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' }).stdout
}

describe('the log', () => {
  test.each([
    [
      'the command that was refused, of a cache client',
      `Object.assign(new Error('WRONGPASS'), { command: { name: 'auth', args: ['bob', 'TOPSECRET'] } })`,
    ],
    ['the malformed URL', `Object.assign(new TypeError('Invalid URL'), { input: 'redis://:TOPSECRET/word@host' })`],
    ['the client of a broken connection', `Object.assign(new Error('broken'), { client: { secretKey: 'TOPSECRET' } })`],
    [
      'any of these in a cause',
      `new Error('unreachable', { cause: Object.assign(new Error('WRONGPASS'), { command: { args: ['TOPSECRET'] } }) })`,
    ],
  ])('does not show %s', (_, error) => {
    const line = logged(`log.warn({ err: ${error} }, 'failed')`)
    expect(line).toContain('"msg":"failed"')
    expect(line).not.toContain('TOPSECRET')
  })

  test('shows type, message, stack, code and cause', () => {
    const line = logged(`log.warn({ err: Object.assign(new Error('outer', { cause: new Error('inner') }), { code: '23505' }) }, 'failed')`)
    const { err } = JSON.parse(line)
    expect(err).toMatchObject({ type: 'Error', message: expect.stringContaining('outer'), code: '23505', cause: { message: 'inner' } })
    expect(err.stack).toContain('at ')
  })

  test('can be created any number of times without a warning from Node', () => {
    const logger = new URL('../../src/runtime/logger.ts', import.meta.url).href
    const program = `import { createLogger } from ${JSON.stringify(logger)}\nfor (let n = 0; n < 20; n++) createLogger({ name: 'test', level: 'info' })`
    expect(spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' }).stderr).toBe('')
  })
})
