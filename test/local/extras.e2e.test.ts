import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { onPath } from '../../local/launch/on-path.ts'
import { atDepth } from '../support/depth.ts'
import { clearAfterEach, localPlace, startLocalPing, type LocalPlace } from '../support/local-ping.ts'
import { shellEnvironment } from '../support/printed-lines.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const SECTION = '## What else is in the house'
const run = promisify(execFile)
const POLL = { timeout: 60_000, interval: 300 }

/** What each line prints, of those that npm start prints and of those in the README. */
const EXPECTED: readonly (readonly [line: RegExp, output: RegExp])[] = [
  [/pingcli rtt --pong /, /^--- (\d+) due, \1 sent, \1 acked, \1 echoed, \1 answered; 0 lost, 0 late, 0 duplicate/m],
  [/pingcli rtt /, /^--- (\d+) due, \1 sent, \1 acked, \1 echoed; 0 lost, 0 late, 0 duplicate/m],
  [/^curl .*\/command/, /^\{"resourceId":"[^"]+","commandId":"[^"]+"\}$/m],
  [/\| nc /, /^This is a message\.$/m],
  [/pingcli semaphore resources/, /^[-0-9a-f]{36} +1\/1 /m],
]

/** The commands of the README's section, except those that start npm's own scripts. */
function documentedLines(): readonly string[] {
  const [, section = ''] = readFileSync(join(ROOT, 'README.md'), 'utf8').split(SECTION)
  const blocks = [...section.split('\n## ')[0]!.matchAll(/^```sh\n([^]*?)^```/gm)].map(([, block = '']) => block)
  return blocks.flatMap(block => block.split('\n')).filter(line => line !== '' && !line.startsWith('npm '))
}

/** The lines that begin with a command, from the first that begins with `Try the`. */
function printedLines(output: string): readonly string[] {
  const [, lines = ''] = output.split(/^Try the /m)
  const rest = output.slice(output.indexOf(lines))
  return rest
    .split('\n')
    .map(line => line.trim())
    .filter(line => EXPECTED.some(([pattern]) => pattern.test(line)))
}

describe('npm start -- --with pong,semaphore', () => {
  let place: LocalPlace
  clearAfterEach(() => place)

  /** The ports are those of this place, where a line does not name them itself. */
  async function paste(line: string): Promise<string> {
    const { SEMAPHORE_PORT, CONSOLE_PORT, KAFKA_PORT } = place.env
    const script = line
      .replace(/\blocalhost:8082\b/, `localhost:${SEMAPHORE_PORT}`)
      .replace(/\blocalhost 9090\b/, `localhost ${CONSOLE_PORT}`)
    const env = { ...shellEnvironment(), KAFKA_BROKERS: `127.0.0.1:${KAFKA_PORT}`, SEMAPHORE_ADDRESS: `http://127.0.0.1:${SEMAPHORE_PORT}` }
    return (await run('sh', ['-c', script], { cwd: ROOT, env })).stdout
  }

  test('prints lines that work unchanged, and so do those of the README', { timeout: 600_000 }, async () => {
    place = await localPlace()
    const ping = startLocalPing(place, 'npm', { args: ['--with', 'pong,semaphore'] })
    await ping.until(/Ctrl-C stops everything/)
    const [printed, documented] = [printedLines(ping.output()), documentedLines()]
    expect([printed.length, documented.length]).toEqual([4, 5])
    const all = [...printed, ...documented]
    const expectedOf = (line: string) => EXPECTED.find(([pattern]) => pattern.test(line))
    // Normally each command once, as it is printed if it is.
    const once = all.filter((line, index) => all.findIndex(other => expectedOf(other) === expectedOf(line)) === index)
    const lines = atDepth({ normally: once, thoroughly: all })
    for (const line of lines.filter(text => onPath('nc') !== undefined || !text.includes('| nc '))) {
      const [, expected] = expectedOf(line) ?? []
      // What was committed is in the topic a moment later; a person takes longer to copy the next line. And what is late on a busy machine is late.
      if (/\| nc |pingcli rtt /.test(line)) await expect.poll(() => paste(line), POLL).toMatch(expected!)
      else expect(await paste(line), line).toMatch(expected!)
    }
    const curl = documented.find(line => line.startsWith('curl '))
    expect(await paste(`${curl} --write-out ' %{http_code}'`)).toMatch(/ 201$/)
    ping.signal('SIGTERM')
    expect(await ping.exited).toBe(0)
  })
})
