import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { semaphoreRoles } from '../../../semaphore/roles.ts'
import { PROTOCOLS } from '../../../src/cli/client/connect-to.ts'
import { createAccessCheck } from '../../../src/transport/access/access-check.ts'
import { parseTokens } from '../../../src/transport/access/tokens.ts'
import { callCli, MAIN, runCliProcess, startCli, withoutSettings } from '../../cli/run-cli.ts'
import { tokenLine } from '../../server/callers-fixture.ts'
import { startSemaphoreFixture, type FixtureOptions, type SemaphoreFixture } from '../http-fixture.ts'

let fixture: SemaphoreFixture
let folder: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ping-test-semaphore-'))
  fixture = await startSemaphoreFixture()
})
afterEach(async () => {
  await fixture[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})
async function serve(options: FixtureOptions): Promise<void> {
  await fixture[Symbol.asyncDispose]()
  fixture = await startSemaphoreFixture(options)
}
/** Within this process: what only a process shows has tests of its own below. */
const semaphore = (...args: readonly string[]) => callCli(['semaphore', ...args], { SEMAPHORE_ADDRESS: fixture.url })
const json = async (...args: readonly string[]) => {
  const { code, stdout } = await semaphore(...args, '--json')
  const lines = stdout.split('\n').filter(Boolean)
  return { code, documents: lines.map(line => JSON.parse(line) as Record<string, unknown>) }
}
/** pingcli as a process that submits its standard input. */
function submitsInput() {
  const env = { ...withoutSettings(), SEMAPHORE_ADDRESS: fixture.url }
  const child = spawn(process.execPath, [MAIN, 'semaphore', 'submit', 'r'], { env, stdio: ['pipe', 'ignore', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', text => (stderr += text))
  child.stdin.on('error', () => undefined)
  const code = new Promise<number | null>(resolve => child.on('close', resolve))
  return { stdin: child.stdin, code, stderr: () => stderr, kill: (signal: 'SIGINT') => child.kill(signal) }
}

describe.each(PROTOCOLS)('pingcli semaphore over %s', protocol => {
  test('submits, shows, extends, cancels and finishes commands', async () => {
    const over = (...args: readonly string[]) => json(...args, '--protocol', protocol)
    const submitted = await over('submit', 'r', '--id', 'a', '--data', 'x')
    expect(submitted).toEqual({
      code: 0,
      documents: [{ resourceId: 'r', commandId: 'a', repeated: false, state: 'running', place: 1, token: 1 }],
    })
    expect((await over('submit', 'r', '--id', 'a', '--data', 'x')).documents).toMatchObject([{ repeated: true }])
    await over('submit', 'r', '--id', 'b', '--data', 'y', '--priority', '3')
    expect((await over('resources')).documents).toMatchObject([{ resourceId: 'r', running: 1, waiting: 1, limits: { running: 1 } }])
    expect((await over('queue', 'r')).documents).toMatchObject([
      { commandId: 'a', state: 'running', token: 1 },
      { commandId: 'b', state: 'waiting', priority: 3 },
    ])
    expect((await over('show', 'b')).documents).toMatchObject([{ commandId: 'b', place: 2, ahead: 0 }])
    expect((await over('limits', 'r', '--lease', '1m', '--rate', '5/1s', '--running', '2')).documents).toEqual([
      { resourceId: 'r', running: 2, waiting: 3, leaseMs: 60_000, ageingMs: 60_000, rate: { count: 5, windowMs: 1_000 } },
    ])
    expect((await over('limits', 'r', '--default', 'rate', 'running')).documents).toMatchObject([{ running: 1, rate: null }])
    expect((await over('extend', 'r', 'a', '--token', '1')).documents).toMatchObject([{ leaseUntilMs: expect.any(Number) }])
    expect((await over('cancel', 'r', 'a', '--confirmed')).documents).toMatchObject([{ state: 'cancelling' }])
    expect((await over('finish', 'r', 'a')).documents).toMatchObject([{ state: 'cancelled', token: 1 }])
    expect((await over('finish', 'r', 'b')).documents).toMatchObject([{ state: 'finished', repeated: false, token: 2 }])
    expect((await over('finish', 'r', 'b')).documents).toMatchObject([{ repeated: true }])
  })
})

describe('pingcli semaphore', () => {
  test('prints tables and lines for people', async () => {
    await semaphore('submit', 'r', '--id', 'a', '--data', 'x')
    const { stdout: submitted } = await semaphore('submit', 'r', '--id', 'b', '--data', 'yy')
    expect(submitted).toBe('b  r  waiting (place 2)\n')
    const { stdout: resources } = await semaphore('resources')
    expect(resources).toBe(
      ['RESOURCE  RUNNING  WAITING  LEASE  RATE  ACCEPTED  GRANTED', 'r             1/1      1/3   none  none         2        1', ''].join(
        '\n',
      ),
    )
    const { stdout: queue } = await semaphore('queue', 'r')
    expect(queue.replaceAll(/\d+(\.\d)? m?s/g, 'AGE').replaceAll(/ {2,}/g, '  ')).toBe(
      [
        'r  running 1/1  waiting 1/3  token 1',
        'PLACE  COMMAND  STATE  TOKEN  PRIORITY  AGE  LEASE  BYTES',
        '  1  a  running  1  0  AGE  –  1',
        '  2  b  waiting  –  0  AGE  –  2',
        '',
      ].join('\n'),
    )
    expect((await semaphore('finish', 'r', 'a')).stdout).toBe('a  finished\n')
    expect((await semaphore('cancel', 'r', 'b')).stdout).toBe('b  cancelled\n')
    expect((await semaphore('limits', 'r')).stdout).toBe('running 1 · waiting 3 · lease none · ageing 1 min 0 s · rate none\n')
  })

  test('quotes ids that a terminal would not show as they are', async () => {
    await semaphore('submit', 'a b\u202Ec', '--id', 'x y', '--data', '')
    expect((await semaphore('resources')).stdout).toContain('"a b\\u202ec"')
    expect((await semaphore('queue', 'a b\u202Ec')).stdout).toContain('"x y"')
  })

  test('submits the bytes of a file, and standard input to a new resource', async () => {
    const file = join(folder, 'job')
    writeFileSync(file, Buffer.of(0, 255))
    await semaphore('submit', 'r', '--file', file)
    const { code, stdout } = await runCliProcess(['semaphore', 'submit', '--json'], { SEMAPHORE_ADDRESS: fixture.url })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ resourceId: expect.stringMatching(/^[0-9a-f-]{36}$/), state: 'running' })
    expect(fixture.memory.steps).toMatchObject([{ payload: Buffer.of(0, 255) }, { payload: Buffer.alloc(0) }])
  })

  test('submits the bytes of standard input as they are', async () => {
    const bytes = Buffer.of(0xef, 0xbb, 0xbf, 0, 255, 13, 10)
    const run = submitsInput()
    run.stdin.end(bytes)
    expect(await run.code).toBe(0)
    expect(fixture.memory.steps).toMatchObject([{ payload: bytes }])
  })

  test('ends at SIGINT while it reads standard input, and submits nothing', async () => {
    const run = submitsInput()
    // More than a pipe holds: it is written when pingcli reads.
    await new Promise(resolve => run.stdin.write(Buffer.alloc(1_000_000), resolve))
    run.kill('SIGINT')
    expect([await run.code, run.stderr()]).toEqual([130, 'error: interrupted; nothing was submitted\n'])
    expect(fixture.memory.steps).toEqual([])
  })

  test('tries again while the queue is full, with the same id, and exits with 3 when the time is up', async () => {
    for (const id of ['a', 'b', 'c', 'd']) await semaphore('submit', 'r', '--id', id, '--data', '')
    // On a busy machine the time may be up before the first answer.
    await expect
      .poll(() => semaphore('submit', 'r', '--data', '', '--timeout', '500ms'))
      .toMatchObject({ code: 3, stderr: expect.stringContaining('got 3 waiting commands, expected fewer than 3') })
    const waiting = startCli(['semaphore', 'submit', 'r', '--id', 'e', '--data', '', '--address', fixture.url])
    await expect.poll(() => fixture.memory.steps.some(step => 'commandId' in step && step.commandId === 'e')).toBe(true)
    await semaphore('finish', 'r', 'a')
    expect(await waiting.result).toMatchObject({ code: 0, stdout: 'e  r  waiting (place 5)\n' })
  })

  test.each([
    [['finish', 'r', 'none'], 'error: refused: not_found: command id: got "none", expected the id of a command of resource "r"'],
    [
      ['finish', 'r', 'a', '--token', '7'],
      "error: refused: failed_precondition: token: got 7, expected 1, the token of the command's grant",
    ],
    [['extend', 'r', 'b'], 'error: refused: failed_precondition: command "b": got state waiting, expected running'],
    [['submit', 'other', '--id', 'a', '--data', ''], 'error: refused: already_exists: command id: got "a"'],
    [['queue', 'none'], 'error: refused: not_found: resource id: got "none"'],
    [['watch', 'none'], 'error: refused: not_found: resource id: got "none"'],
  ])('exits with 4 for %j', async (args, message) => {
    for (const id of ['a', 'b']) await semaphore('submit', 'r', '--id', id, '--data', '')
    const { code, stderr } = await semaphore(...args)
    expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringContaining(message) })
  })

  test('exits with 4 at once for a command that is too large, however much', async () => {
    await serve({ maxCommandBytes: 10 })
    const submit = (bytes: number) => semaphore('submit', 'r', '--data', 'x'.repeat(bytes))
    expect((await submit(10)).code).toBe(0)
    expect(await submit(11)).toMatchObject({ code: 4, stderr: expect.stringContaining('payload: got 11 bytes, expected at most 10') })
    const { code, stderr } = await submit(20_000)
    expect({ code, stderr }).toEqual({
      code: 4,
      stderr: expect.stringMatching(/^error: refused: resource_exhausted: request body: got (?:\d+|more) bytes, expected at most 8208\n$/),
    })
    expect(fixture.memory.steps).toHaveLength(1)
  })

  test.each([['submit', 'r', '--data', ''], ['finish', 'r', 'a'], ['resources'], ['queue', 'r']])(
    '%s exits with 3 if the server is down, and with 4 if it does not speak TLS',
    async (...args) => {
      const { url } = fixture
      const encrypted = await callCli(['semaphore', ...args, '--address', url.replace('http:', 'https:')])
      expect(encrypted).toEqual({ code: 4, stdout: '', stderr: expect.stringContaining('got no TLS, expected https: nothing was sent') })
      await fixture[Symbol.asyncDispose]()
      // On a busy machine the time may be up before the first try has failed.
      await expect
        .poll(() => callCli(['semaphore', ...args, '--address', url, '--timeout', '200ms']))
        .toEqual({ code: 3, stdout: '', stderr: expect.stringMatching(/^error: no answer within --timeout; .*ECONNREFUSED/) })
    },
  )

  test.each([
    [['finish', 'r'], "missing required argument 'command'"],
    [['finish', 'r', 'é'], 'Got "é", expected 1 to 200 printable ASCII characters.'],
    [['finish', 'r', 'a', '--token', '0'], 'Got "0", expected an integer from 1 to 9223372036854775807.'],
    [['submit', 'a\nb'], 'expected 1 to 200 characters without control characters.'],
    [['submit', 'r', '--priority', '10'], 'Got "10", expected an integer from 0 to 9.'],
    [['submit', 'r', '--data', 'x', '--file', 'y'], 'Got both, expected one of them.'],
    [['submit', 'r', '--file', '/none'], '--file: got "/none", expected a file that can be read'],
    [['limits', 'r', '--rate', '5'], 'Got "5", expected a number of grants and a time with a unit, such as 10/1s or 600/1h.'],
    [['limits', 'r', '--default', 'constructor'], 'Allowed choices are running, waiting, lease, ageing, rate.'],
  ])('exits with 2 for %j, and nothing is done', async (args, message) => {
    const { code, stderr } = await semaphore(...args)
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) })
    expect(fixture.memory.steps).toEqual([])
  })

  test('sends the token, and exits with 4 if it does not have the role', async () => {
    const tokens = parseTokens('TOKENS_FILE', tokenLine('reader', 'secret', 'read'), semaphoreRoles.names)
    await serve({ access: createAccessCheck({ tokens: () => tokens, clientCertificates: false, roles: semaphoreRoles }) })
    const file = join(folder, 'token')
    writeFileSync(file, 'secret\n')
    expect((await semaphore('resources')).code).toBe(4)
    expect(await semaphore('resources', '--token-file', file)).toMatchObject({ code: 0, stdout: 'no resources\n' })
    const { code, stderr } = await semaphore('submit', 'r', '--data', '', '--token-file', file)
    expect({ code, stderr }).toEqual({
      code: 4,
      stderr: 'error: refused: permission_denied: token reader: got the role read, expected use\n',
    })
  })

  test('prints one line per change of a watched resource, survives a restart of the server, and ends at SIGINT', async () => {
    await semaphore('submit', 'r', '--id', 'a', '--data', '')
    const run = startCli(['semaphore', 'watch', 'r', '--address', fixture.url])
    await run.shows('r  running 1/1  waiting 0/3  token 1  a#1\n')
    await semaphore('submit', 'r', '--id', 'b', '--data', '')
    await run.shows('r  running 1/1  waiting 1/3  token 1  a#1\n')
    await semaphore('finish', 'r', 'a')
    await run.shows('r  running 1/1  waiting 0/3  token 2  b#2\n')
    const { port, memory } = fixture
    await serve({ port, steps: memory, reads: memory })
    await run.shows('; retrying\n')
    await semaphore('submit', 'r', '--id', 'c', '--data', '')
    await run.shows('r  running 1/1  waiting 1/3  token 2  b#2\n')
    run.child.kill('SIGINT')
    const { code, stdout } = await run.result
    expect(code).toBe(130)
    expect(stdout.trim().split('\n').length).toBeGreaterThan(3)
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d\.\d{3} {2}r /)
  })
})
