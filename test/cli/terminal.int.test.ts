import { spawn } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { againUntil } from '../support/again-until.ts'
import { firstOrAll } from '../support/depth.ts'
import { can } from '../support/tiers.ts'
import { MAIN, runCli, WHOLE_TEST_MS, withoutSettings } from './run-cli.ts'
import { startScriptedServer, type ScriptedServer } from './scripted-server.ts'

vi.setConfig({ testTimeout: WHOLE_TEST_MS })

/** Erases to the end of the line. */
const ERASE = '\u001B[K'
/** A run that takes no longer is too short for a bar. */
const SHORT_MS = 200
const CTRL_C = '\u0003'

let server: ScriptedServer
beforeAll(async () => {
  server = await startScriptedServer('connect', [], { buckets: [{ start: 0n, pingCount: 1n }] })
})
afterAll(async () => server.stop())

/** pingcli on a pseudo-terminal; what it shows there. */
function onTerminal(
  command: string,
  { env = {}, keys }: { env?: Readonly<Record<string, string>>; keys?: { after: string; press: string } } = {},
): Promise<{ code: number | null; shown: string }> {
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...withoutSettings(), ...env },
  })
  onTestFinished(() => void child.kill())
  let shown = ''
  let pressed = false
  child.stdout.setEncoding('utf8').on('data', text => {
    shown += text
    if (!pressed && keys && shown.includes(keys.after)) {
      pressed = true
      child.stdin.write(keys.press)
    }
  })
  return new Promise(resolve => child.on('close', code => resolve({ code, shown })))
}

/** As `onTerminal`, again until a bar with the time left was the first that it showed: on a busy machine, it may draw none in time. */
function untilBar(...args: Parameters<typeof onTerminal>): ReturnType<typeof onTerminal> {
  return againUntil(
    () => onTerminal(...args),
    ({ code, shown }) => /^\r.* left/.test(shown) || code !== 0,
  )
}

describe.runIf(can('script'))('pingcli on a terminal', () => {
  const line = (args: string): string => `'${process.execPath}' '${MAIN}' ${args} --address ${server.address}`

  test('shows a progress bar for a long run, and erases it before the summary', async () => {
    const { code, shown } = await untilBar(line('ping -n 10 --rate 10'))
    expect(code).toBe(0)
    expect(shown.split(ERASE)[0]).toMatch(/^\r[█░]{24} +\d+% {2}\d+\/10 .* left$/)
    expect(shown).toContain(`\r${ERASE}10 of 10 pings acknowledged`)
  })

  test('shows the bar on standard error only', async () => {
    const { shown } = await onTerminal(`sh -c "${line('ping -n 10 --rate 10 --json')} 2>/dev/null"`)
    expect(shown).not.toContain('█')
    expect(JSON.parse(shown)).toMatchObject({ acked: 10 })
  })

  test.each(firstOrAll([[{ LANG: 'de_DE.UTF-8', LC_ALL: 'POSIX' }], [{ LANG: 'C' }], [{ LANG: '' }]]))(
    'shows only ASCII with the locale %j',
    async env => {
      const { shown } = await untilBar(line('ping -n 10 --rate 10'), { env })
      expect(shown.split(ERASE)[0]).toMatch(/^\r[#.]{24} +\d+% /)
      expect([...shown].filter(char => char > '~')).toEqual([])
    },
  )

  test('draws the bar without escape sequences with NO_COLOR', async () => {
    const { code, shown } = await untilBar(line('ping -n 10 --rate 10'), { env: { NO_COLOR: '1' } })
    expect(code).toBe(0)
    expect(shown).toMatch(/^\r[█░]{24} +\d+% /)
    expect(shown).toMatch(/\r {30,}\r10 of 10 pings acknowledged/)
    expect(shown).not.toContain('\u001B')
  })

  test.each(firstOrAll(['dumb', '']))('shows no bar if TERM is "%s"', async TERM => {
    const { code, shown } = await onTerminal(line('ping -n 10 --rate 10'), { env: { TERM } })
    expect(code).toBe(0)
    expect(shown).toMatch(/^10 of 10 pings acknowledged/)
    expect(shown).not.toContain('\u001B')
  })

  test('shows no bar for a short run', async () => {
    const latencyMs = (shown: string) => Number(/^(?:.*\r)?recorded \S+ \(([\d.]+) ms/m.exec(shown)?.[1] ?? Infinity)
    const { shown } = await againUntil(
      () => onTerminal(line('ping')),
      result => latencyMs(result.shown) <= SHORT_MS,
    )
    expect(shown).toMatch(/^recorded /)
  })

  test('colours the bars of buckets, but not with NO_COLOR', async () => {
    const [coloured, plain] = await Promise.all([{}, { NO_COLOR: '1' }].map(env => onTerminal(line('buckets'), { env })))
    expect(coloured!.shown).toContain('  \u001B[36m█')
    expect(plain!.shown).toContain('  █')
    expect(plain!.shown).not.toContain('\u001B')
  })

  test('ends on Ctrl-C with the summary and exit code 130', async () => {
    const { code, shown } = await onTerminal(line('ping -n 100000 --rate 50'), { keys: { after: '░', press: CTRL_C } })
    expect(code).toBe(130)
    expect(shown).toContain('of 100 000 pings acknowledged')
    expect(shown).toContain('interrupted')
  })
})

describe('pingcli in a pipe', () => {
  test('shows no bar', async () => {
    const { stdout, stderr } = await runCli(['ping', '-n', '10', '--rate', '10', '--address', server.address])
    expect(stdout).toMatch(/^10 of 10 pings/)
    expect(stderr).toBe('')
  })
})
