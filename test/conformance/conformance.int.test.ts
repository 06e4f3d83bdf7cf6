import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { environment } from '../../local/environment.ts'
import { can, connectconformanceCommand } from '../support/tiers.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const FOLDER = 'test/conformance'
const TIMEOUT_MS = 240_000
/** Calls at a time, of each of two servers: with more, a busy machine does not keep the suite's own times. */
const BUSY = ['--parallel', '8', '--max-servers', '2']

/** Runs Connect's suite against the server under test; resolves with its exit code and the last of its words. */
async function conformance(...args: readonly string[]): Promise<{ code: number; failed: string[]; summary: string }> {
  const lists = ['--known-failing', `@${FOLDER}/known-failing.txt`, '--known-flaky', `@${FOLDER}/known-flaky.txt`]
  const server = [process.execPath, `${FOLDER}/server-under-test.ts`, ...args]
  const suite = spawn(connectconformanceCommand() ?? '', ['--mode', 'server', '--conf', `${FOLDER}/config.yaml`, ...BUSY, ...lists, '--', ...server], { cwd: ROOT, env: environment() })
  let output = ''
  for (const stream of [suite.stdout, suite.stderr]) stream.setEncoding('utf8').on('data', (text: string) => void (output += text))
  const [code] = (await once(suite, 'close')) as [number]
  return { code, failed: output.match(/^(?:FAILED|ERROR): [^]*?(?=^\S)/gm) ?? [], summary: output.slice(output.lastIndexOf('Total cases')) }
}

describe.runIf(can('connectconformance'))("Connect's conformance suite", () => {
  it('is passed by the whole port, but for what is known', { timeout: TIMEOUT_MS }, async () => {
    expect(await conformance()).toEqual({ code: 0, failed: [], summary: expect.stringMatching(/^Total cases: 3239\n\d+ passed, 0 failed\n/) })
  })
})
