import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { atDepth } from '../support/depth.ts'
import { shellEnvironment } from '../support/printed-lines.ts'
import { startPing, type WholePing } from '../support/whole-ping.ts'

const ROOT = join(import.meta.dirname, '../..')

type Expected = readonly (readonly [command: RegExp, output: RegExp])[]

/** What each command of the README must print, in its order there: a command that is added needs a line here. */
const README: Expected = [
  [/^curl .*-d '\{\}' \S+\/Ping$/, /^\{\}$/],
  [/^curl .*-d '\{\}' \S+\/PingCount$/, /"pingCount":"1"/],
  [/^npx pingcli ping -n 1000$/, /1 000 of 1 000 pings acknowledged/],
  [/^npx pingcli load --count 20000 --batch 1000 /, /^20 000 of 20 000 pings acknowledged/m],
  [/^npx pingcli count --watch /, /\b21[  ]?001\b/],
  [/^npx pingcli buckets --unit minute /, /^21[  ]?001 pings \(/m],
  [/^curl \S+\/badge\.json /, /"message":"21,001"/],
  [/^npx pingcli verify /, /^OK/m],
  [/^redis-cli .*HGETALL/, /^total\n21001\n/m],
  [/^npx buf curl .*\/PingCount$/, /"pingCount": *"21001"/],
]

/** The same for docs/protocol.md, run after those of the README. */
const PROTOCOL: Expected = [
  [/^curl .*"pingId".*\/Ping$/, /^\{\}$/],
  [/^curl .*"timeRange".*\/PingCount$/, /"pingCount":"1"/],
  [/^curl .*STRONG.*\/PingCount$/, /"pingCount":"21002"/],
  [/^curl .*"timeRange".*\/ListBuckets$/, /^\{"buckets":\[\{"start":"1749999600000","pingCount":"1"\},\{"start":"1750086000000"/],
  [
    /^curl .*"pings".*\/PingBatch$/,
    /^\{"results":\[\{"pingId":"[-0-9a-f]{36}"\},\{\},\{"failure":\{"code":"FAILURE_CODE_INVALID_ARGUMENT",/,
  ],
  [/^npx pingcli load --batch 1000 --concurrency 4 /, /^10 000 of 10 000 pings acknowledged/m],
  [/^npx pingcli load --stream /, /^([\d ]+) of \1 pings acknowledged/m],
  [/^npx pingcli load --batch 100 --rate /, /^([\d ]+) of \1 pings acknowledged/m],
]
const PAGES = [
  ['README.md', README],
  ['docs/protocol.md', PROTOCOL],
] as const
/** Loads run for less here than a reader would want. */
const SHORTER = [
  ['--count 100000', '--count 10000'],
  ['--duration 10s', '--duration 1s'],
  // npx alone takes as long as what it starts. test/local/whole.e2e.test.ts runs such lines unchanged, and here buf is started by it, too.
  ...atDepth({ normally: [['npx pingcli', `'${process.execPath}' bin/pingcli.js`] as const], thoroughly: [] }),
] as const
/** Counts follow within a second; a busy machine gets more. */
const SETTLE_MS = 60_000
/** Each look starts programs. */
const LOOK_AGAIN_MS = 500
const COMMAND_LIMIT_MS = 60_000

/** An exit code, or the signal that ended it. */
type End = number | NodeJS.Signals | null

/** The end by Ctrl-C: shells differ in how they report it. */
const INTERRUPTED: readonly End[] = ['SIGINT', 130]

interface DocumentedCommand {
  readonly line: string
  /** The assignments of the same block, which a shell would still know. */
  readonly before: string
}

/** Run by test/local/extras.e2e.test.ts: they need what `npm start -- --with pong,semaphore` starts. */
const OF_EXTRAS = /^## What else is in the house$[^]*?(?=^## )/m

/** Every command in a page's `sh` blocks, except those that start npm's own scripts. */
function commandsOf(page: string): readonly DocumentedCommand[] {
  const blocks = [
    ...readFileSync(join(ROOT, page), 'utf8')
      .replace(OF_EXTRAS, '')
      .matchAll(/^```sh\n([^]*?)^```/gm),
  ].map(([, block = '']) => block)
  return blocks.flatMap(block => {
    const lines = block.split('\n').filter(line => line.trim() !== '' && !line.startsWith('npm '))
    const isAssignment = (line: string): boolean => /^[A-Z]+=/.test(line)
    const before = lines.filter(isAssignment).join('\n')
    return lines.filter(line => !isAssignment(line)).map(line => ({ line, before }))
  })
}

describe('the commands of the documentation', () => {
  let ping: WholePing
  beforeAll(async () => {
    ping = await startPing()
  })
  afterAll(() => ping.stop())

  /** Runs a command in a shell, on the ports of this Ping; a command that watches is interrupted once it has printed what it should. */
  async function run({ line, before }: DocumentedCommand, expected: RegExp): Promise<{ output: string; end: End }> {
    const { databaseUrl, redisUrl } = ping.place
    const address = ping.servers[0]!.url
    const script = SHORTER.reduce((text, [long, short]) => text.replace(long, short), `${before}\n${line}`)
      .replaceAll('http://127.0.0.1:8080', address)
      .replaceAll('redis-cli ', `redis-cli -p ${new URL(redisUrl).port} `)
    const env = { ...shellEnvironment(), PING_ADDRESS: address, DATABASE_URL: databaseUrl, REDIS_URL: redisUrl }
    const shell = spawn('sh', ['-c', script], { cwd: ROOT, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const signalAll = (name: NodeJS.Signals): boolean => process.kill(-shell.pid!, name)
    const late = setTimeout(() => signalAll('SIGKILL'), COMMAND_LIMIT_MS)
    let output = ''
    let asked = false
    shell.stderr.resume()
    shell.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (!line.includes('--watch') || asked || !expected.test(output)) return
      asked = true
      signalAll('SIGINT')
    })
    const end = await new Promise<End>(resolve => shell.once('close', (code, signal) => resolve(signal ?? code)))
    clearTimeout(late)
    return { output, end }
  }

  test.each(PAGES)('%s: each command prints what it should, in its turn', { timeout: 400_000 }, async (page, outputs) => {
    const commands = commandsOf(page)
    expect(commands).toHaveLength(outputs.length)
    for (const [index, command] of commands.entries()) {
      const [pattern, expected] = outputs[index]!
      expect(command.line).toMatch(pattern)
      const once = async (): Promise<void> => {
        const { output, end } = await run(command, expected)
        expect(output, command.line).toMatch(expected)
        expect(command.line.includes('--watch') ? INTERRUPTED : [0], command.line).toContain(end)
      }
      // A ping must not be sent again, but a count may be read until it includes the ping.
      if (/PingCount$|ListBuckets$|HGETALL|badge|pingcli buckets/.test(command.line))
        await expect.poll(() => once().then(() => 'well', String), { timeout: SETTLE_MS, interval: LOOK_AGAIN_MS }).toBe('well')
      else await once()
    }
  })
})
