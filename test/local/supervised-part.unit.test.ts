import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FinalStartError, startChild, StartError, untilReady, type ChildHooks } from '../../local/launch/child.ts'
import type { Part } from '../../local/part.ts'
import { PidFiles } from '../../local/supervision/pid-files.ts'
import { SupervisedPart } from '../../local/supervision/supervised-part.ts'

/** Short, so that many tries are quick. */
const FIRST_PAUSE_MS = 20

describe('a supervised part', () => {
  let folder: string
  let events: string[]
  let failures: string[]
  beforeEach(() => {
    failures = []
    folder = mkdtempSync(join(tmpdir(), 'ping-test-part-'))
    events = []
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const supervise = (launch: Part['launch'], isEssential = false, firstPauseMs = FIRST_PAUSE_MS) => {
    const part: Part = { name: 'kafka', launch, stopSignal: 'SIGTERM', graceMs: 1_000, isEssential, remedy: 'do this' }
    return new SupervisedPart(
      part,
      {
        pidFiles: new PidFiles(folder),
        output: () => undefined,
        report: event => events.push(event),
        failed: ({ message }) => failures.push(message),
      },
      firstPauseMs,
    )
  }
  const sleeper = (hooks: ChildHooks) => startChild({ name: 'kafka', command: 'sleep', args: ['60'], ...hooks })

  test('is restarted after a failed first start, at once and then after pauses', async () => {
    let tries = 0
    const part = supervise(async hooks => {
      if (++tries < 3) throw new StartError('not yet')
      return sleeper(hooks)
    })
    await part.start()
    expect(events).toEqual(['not yet', 'restarting it now', 'not yet', 'restarting it in 0.02 s', expect.stringMatching(/^ready/)])
    await part.stop()
  })

  test('that is essential ends the start if its first start fails', async () => {
    const part = supervise(async () => Promise.reject(new StartError('wrong settings')), true)
    await expect(part.start()).rejects.toThrow('wrong settings')
    await part.stop()
  })

  test('whose start can never succeed is not tried again: the reason and the remedy are reported', async () => {
    const part = supervise(async () => Promise.reject(new FinalStartError('cannot be fetched')))
    await expect(part.start()).rejects.toThrow('cannot be fetched\ndo this')
    expect({ events, failures, state: part.state }).toEqual({ events: [], failures: ['cannot be fetched\ndo this'], state: 'stopped' })
    await part.stop()
  })

  test('that never becomes ready is not restarted after five tries', async () => {
    let tries = 0
    const part = supervise(async () => Promise.reject(new StartError(`not yet ${++tries}`)))
    await expect(part.start()).rejects.toThrow('not yet 5\n(try 5)\ndo this')
    expect(failures).toHaveLength(1)
  })

  test('that was ready is restarted until a start can never succeed', async () => {
    let tries = 0
    const part = supervise(async hooks => {
      if (++tries === 1) return startChild({ name: 'kafka', command: 'true', args: [], ...hooks })
      throw tries === 2 ? new StartError('not yet') : new FinalStartError('never')
    })
    await part.start()
    await expect.poll(() => failures).toEqual(['never\n(try 3)\ndo this'])
    expect(events.filter(event => !event.startsWith('ready'))).toEqual([
      'exited unexpectedly (exit code 0)',
      'restarting it now',
      'not yet',
      'restarting it in 0.02 s',
    ])
    await part.stop()
  })

  test.each([
    ['whose program is missing', '/none/such', [], /^kafka exited while starting \(exit code 127\); its last output:\n.*\/none\/such/],
    [
      'that ends with the exit code for a permanent failure',
      process.execPath,
      ['-e', `console.log('{"level":30,"msg":"before"}'); console.log('{"level":60,"msg":"the reason"}'); process.exitCode = 78`],
      /^kafka exited while starting \(exit code 78\); its last output:\n {2}fatal the reason\n/,
    ],
  ])('%s is not tried again', async (_, command, args, message) => {
    const part = supervise(async hooks => {
      const child = await startChild({ name: 'kafka', command, args, ...hooks })
      await untilReady(child, () => false)
      return child
    })
    await expect(part.start()).rejects.toThrow(message)
    expect(events).toEqual([])
  })

  test('that is stopped during a pause stays stopped', async () => {
    const part = supervise(async () => Promise.reject(new StartError('never')), false, 5_000)
    const started = part.start().catch((error: Error) => error.message)
    await expect.poll(() => events.at(-1)).toBe('restarting it in 5 s')
    await part.stop()
    expect(await started).toContain('was stopped')
  })
})
