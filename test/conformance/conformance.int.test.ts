import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { environment } from '../../local/environment.ts'
import { startChild } from '../../local/launch/child.ts'
import { atDepth, thoroughly } from '../support/depth.ts'
import { can, connectconformanceCommand } from '../support/tiers.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const FOLDER = 'test/conformance'
const CONFIG = `${FOLDER}/config.yaml`
const TIMEOUT_MS = 600_000
/** Concurrent calls, and servers. With more, a busy machine misses the suite's own time limits. */
const BUSY = ['--parallel', '6', '--max-servers', '2']

/** What the suite starts as a server: it passes everything between the suite and a connection to the program that serves. */
const CONNECTION = ['bash', '-c', 'exec 3<>/dev/tcp/127.0.0.1/$1; cat >&3; exec cat <&3', 'connection']

/** The result of a run of Connect's suite. */
interface Outcome {
  readonly code: number
  /** The cases that failed unexpectedly, each with the reason. */
  readonly failed: string[]
  readonly summary: string
}

/** Runs Connect's suite against the server under test. */
async function conformance(config: string, ...args: readonly string[]): Promise<Outcome> {
  const lists = ['--known-failing', `@${FOLDER}/known-failing.txt`, '--known-flaky', `@${FOLDER}/known-flaky.txt`]
  const port = Promise.withResolvers<string>()
  const server = await startChild({
    name: 'server-under-test',
    command: process.execPath,
    args: [`${FOLDER}/server-under-test.ts`, ...args],
    cwd: ROOT,
    env: environment(),
    onLine: port.resolve,
  })
  void server.exited.then(() => port.reject(new Error(`server-under-test ended: ${server.tail().join('\n')}`)))
  try {
    const command = ['--mode', 'server', '--conf', config, ...BUSY, ...lists, '--', ...CONNECTION, await port.promise]
    const suite = spawn(connectconformanceCommand() ?? '', command, { cwd: ROOT, env: environment() })
    let output = ''
    for (const stream of [suite.stdout, suite.stderr]) stream.setEncoding('utf8').on('data', (text: string) => void (output += text))
    const [code] = (await once(suite, 'close')) as [number]
    return outcomeOf(code, output)
  } finally {
    await server.kill9()
  }
}

/** Calls `use` with a file that has the configuration as `change` returns it. */
async function withConfig<T>(change: (config: string) => string, use: (config: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'ping-test-conformance-'))
  const config = join(folder, 'config.yaml')
  writeFileSync(config, change(readFileSync(join(ROOT, CONFIG), 'utf8')))
  try {
    return await use(config)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function outcomeOf(code: number, output: string): Outcome {
  return { code, failed: output.match(/^(?:FAILED|ERROR): [^]*?(?=^\S)/gm) ?? [], summary: output.slice(output.lastIndexOf('Total cases')) }
}

describe.runIf(can('connectconformance'))("Connect's conformance suite", () => {
  // The number of known failures varies, because some cases fail only sometimes.
  const passed = (cases: number): Outcome => ({
    code: 0,
    failed: [],
    summary: expect.stringMatching(new RegExp(`^Total cases: ${cases}\\n\\d+ passed, 0 failed\\n`)),
  })

  const PORT = {
    normally: { part: 'in clear text', cases: 1900 },
    thoroughly: { part: 'on the whole port', cases: 3239 },
  }
  const { part, cases } = atDepth<{ part: string; cases: number }>(PORT)
  test(`passes ${part}, except for the known failures`, { timeout: TIMEOUT_MS }, async () => {
    const inClearText = (config: string): string =>
      config
        .slice(0, config.indexOf('# TLS carries'))
        .replace('    - COMPRESSION_BR\n', '')
        .replace('  supportsTlsClientCerts: true', '  supportsTls: false')
    expect(await withConfig(atDepth({ normally: inClearText, thoroughly: whole => whole }), conformance)).toEqual(passed(cases))
  })

  // At both depths server/both-ways compares the two ways, byte by byte.
  thoroughly(test)('passes without the lean way', { timeout: TIMEOUT_MS }, async () => {
    // The other protocols use the same handlers in both runs.
    const onlyConnect = (config: string): string => config.replace('features:', 'features:\n  protocols:\n    - PROTOCOL_CONNECT')
    expect(await withConfig(onlyConnect, config => conformance(config, '--without-lean'))).toEqual(passed(1349))
  })
})
