import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { environment } from '../../local/environment.ts'
import { freePort } from '../support/free-port.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const runtime = (file: string) => JSON.stringify(new URL(`../../src/runtime/${file}`, import.meta.url).href)
const NOTHING_THERE = {
  DATABASE_URL: 'postgres://ping@127.0.0.1:1/ping',
  REDIS_URL: 'redis://127.0.0.1:1',
  KAFKA_BROKERS: '127.0.0.1:1',
  PORT: '0',
  PROCESSOR_PORT: '0',
}

type Program = ChildProcessByStdio<null, Readable, Readable>
let started: Program[] = []
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ping-test-log-'))
})
afterEach(() => {
  for (const program of started) program.kill('SIGKILL')
  started = []
  rmSync(folder, { recursive: true, force: true })
})

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
  const program = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], env: { ...environment(), ...env } })
  started.push(program)
  return program
}

/** A program that logs 4 MB when it has started, and once more when it stops; more than any pipe holds. */
function talkative(more = ''): Program {
  return start([
    '--input-type=module',
    '--eval',
    `import { createLogger } from ${runtime('logger.ts')}
     import { runProgram } from ${runtime('run-program.ts')}
     import { writeFileSync } from 'node:fs'
     const log = createLogger({ name: 'test', level: 'info' })
     const talk = () => { for (let n = 0; n < 4000; n++) log.info({ n, text: 'x'.repeat(1000) }, 'line') }
     await runProgram({ name: 'test', drainMs: 10_000, start: async () => {
       talk()
       setInterval(() => undefined, 1_000)
       setTimeout(() => writeFileSync(${JSON.stringify(join(folder, 'runs'))}, ''), 50)
       ${more}
       return { stop: async () => talk() }
     } })`,
  ])
}

/** Resolves when the file is there: the program's event loop turns. */
async function runs(): Promise<void> {
  await expect.poll(() => readFileSync(join(folder, 'runs'), { flag: 'r' }).length, { timeout: 20_000 }).toBe(0)
}

async function ended(program: Program): Promise<number | NodeJS.Signals> {
  if (program.exitCode === null && program.signalCode === null) await once(program, 'exit')
  return program.signalCode ?? program.exitCode ?? -1
}

describe('a log whose reader has exited', async () => {
  test.each([
    ['the broker', ['broker/main.js', '--override', 'listeners=PLAINTEXT://127.0.0.1:0', '--override', 'storage=memory']],
    ['the server', ['src/server/main.ts']],
    ['the processor', ['processor/main.ts']],
    ["the cache's stand-in", ['local/cache-stand-in/main.ts', '--port', String(await freePort())]],
  ])('does not delay the end of %s', async (_, args) => {
    const program = start(args, NOTHING_THERE)
    await once(program.stdout, 'data')
    program.stdout.destroy()
    program.stderr.destroy()
    program.kill('SIGTERM')
    expect(await ended(program)).toBe(0)
  })

  test('lets a program start, run and end', async () => {
    const program = talkative()
    program.stdout.destroy()
    await runs()
    program.kill('SIGTERM')
    expect(await ended(program)).toBe(0)
  })

  test('delays neither a crash nor a failed start', async () => {
    const crash = talkative(`setTimeout(() => { throw new Error('crash') })`)
    const failure = talkative(`throw new Error('no start')`)
    for (const program of [crash, failure]) {
      program.stdout.destroy()
      program.stderr.destroy()
    }
    expect(await ended(crash)).toBe(1)
    expect(await ended(failure)).not.toBe(0)
  })

  test('is not an error if the program only prints its usage', async () => {
    for (const args of [
      ['broker/main.js', '--help'],
      ['src/server/main.ts', '--help'],
    ]) {
      const program = start(args)
      program.stdout.destroy()
      let complaint = ''
      program.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
      expect(await ended(program)).toBe(0)
      expect(complaint).toBe('')
    }
  })
})

describe('a log whose reader is stopped', () => {
  test('lets a program start, run and end', async () => {
    const program = talkative()
    await runs()
    program.kill('SIGTERM')
    expect(await ended(program)).toBe(0)
  })

  test('reports the number of dropped lines once it is read again', async () => {
    const program = talkative(`let next = 4000; setInterval(() => log.info({ n: next++ }, 'still here'), 20)`)
    await runs()
    let text = ''
    program.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
    await expect.poll(() => text, { timeout: 20_000 }).toContain('still here')
    const whole = text.slice(0, text.lastIndexOf('\n')).split('\n')
    const lines = whole.map(line => JSON.parse(line) as { msg: string; lines?: number; n?: number })
    const numbers = lines.flatMap(line => line.n ?? [])
    const dropped = lines.reduce((sum, line) => sum + (line.lines ?? 0), 0) // on a busy machine in more than one gap
    expect(dropped).toBeGreaterThan(1000)
    expect(dropped).toBe(Math.max(...numbers) + 1 - numbers.length)
    program.kill('SIGTERM')
    await ended(program)
  })
})

test('a slow reader gets the last lines of a program that fails to start', async () => {
  const program = start([
    '--input-type=module',
    '--eval',
    `import { createLogger, exitLogged } from ${runtime('logger.ts')}
     const log = createLogger({ name: 'test', level: 'info' })
     for (let n = 0; n < 500; n++) log.info({ text: 'x'.repeat(1000) }, 'line')
     log.fatal('the last line')
     await exitLogged(3, log)`,
  ])
  let text = ''
  program.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await once(program, 'close')
  expect(program.exitCode).toBe(3)
  expect(text).toContain('the last line')
})

test.runIf(process.platform === 'linux')('a full disk loses log lines and nothing else', async () => {
  const full = openSync('/dev/full', 'w')
  const program = spawn(process.execPath, ['src/server/main.ts', '--help'], { cwd: ROOT, stdio: ['ignore', full, 'pipe'] })
  expect(await new Promise(resolve => program.once('exit', resolve))).toBe(0)
})
