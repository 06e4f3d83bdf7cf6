import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Part } from '../../local/part.ts'
import { FinalStartError, startChild, StartError, type ChildHooks } from '../../local/parts/child.ts'
import { PidFiles } from '../../local/pid-files.ts'
import { SupervisedPart } from '../../local/supervised-part.ts'

describe('a supervised part', () => {
  let folder: string
  let events: string[]
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ping-test-part-'))
    events = []
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const supervise = (launch: Part['launch'], isEssential = false) => {
    const part: Part = { name: 'kafka', launch, stopSignal: 'SIGTERM', graceMs: 1_000, isEssential }
    return new SupervisedPart(part, { pidFiles: new PidFiles(folder), output: () => undefined, report: event => events.push(event) })
  }
  const sleeper = (hooks: ChildHooks) => startChild({ name: 'kafka', command: 'sleep', args: ['60'], ...hooks })

  test('whose first start fails is tried again, at once and then after pauses', async () => {
    let tries = 0
    const part = supervise(async hooks => {
      if (++tries < 3) throw new StartError('not yet')
      return sleeper(hooks)
    })
    await part.start()
    expect(events).toEqual(['not yet', 'starting it again at once', 'not yet', 'starting it again in 0.5 s', expect.stringMatching(/^ready/)])
    await part.stop()
  })

  test('that is essential ends the start when its first one fails', async () => {
    const part = supervise(async () => Promise.reject(new StartError('wrong settings')), true)
    await expect(part.start()).rejects.toThrow('wrong settings')
    await part.stop()
  })

  test('whose start can never succeed is said once and let be', async () => {
    const part = supervise(async () => Promise.reject(new FinalStartError('cannot be fetched')))
    await expect(part.start()).rejects.toThrow('was stopped')
    expect(events).toEqual(['cannot be fetched'])
    await part.stop()
  })

  test('that is stopped while it pauses stays stopped', async () => {
    const part = supervise(async () => Promise.reject(new StartError('never')))
    const started = part.start().catch((error: Error) => error.message)
    await expect.poll(() => events.at(-1)).toBe('starting it again in 0.5 s')
    await part.stop()
    expect(await started).toContain('was stopped')
  })
})
