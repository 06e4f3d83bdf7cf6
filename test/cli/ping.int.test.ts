import { createServer, type AddressInfo, type Socket } from 'node:net'
import { Code } from '@connectrpc/connect'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { PROTOCOLS, type Protocol } from '../../src/cli/client/connect-to.ts'
import { againUntil } from '../support/again-until.ts'
import { firstOrAll, thoroughly } from '../support/depth.ts'
import { PATIENT, runCli, runCliProcess, startCli, STARTED, WHOLE_TEST_MS, withPatience } from './run-cli.ts'
import { startScriptedServer, type ScriptedServer, type Step } from './scripted-server.ts'

vi.setConfig({ testTimeout: WHOLE_TEST_MS })

/** Signals that are closer are one. */
const SAME_SIGNAL_MS = 500

let server: ScriptedServer | undefined
afterEach(async () => {
  await server?.stop()
  server = undefined
})

async function serve(protocol: Protocol, script: readonly Step[] = []): Promise<ScriptedServer> {
  await server?.stop()
  server = await startScriptedServer(protocol, script)
  return server
}

interface RefusingServer {
  readonly port: number
  /** Connections that were closed at once. */
  refused(): number
  stop(): Promise<void>
}

async function startRefusingServer(): Promise<RefusingServer> {
  let refused = 0
  const listener = createServer(socket => {
    refused++
    socket.destroy()
  })
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
  return {
    port: (listener.address() as AddressInfo).port,
    refused: () => refused,
    stop: () => new Promise(resolve => listener.close(() => resolve())),
  }
}

const FAILURES: readonly (readonly [what: string, script: readonly Step[]])[] = [
  ['its reply is lost', ['lose reply']],
  ['its reply is lost twice', ['lose reply', 'lose reply']],
  ['its reply never comes', ['no reply']],
  [
    'the server is unreachable, overloaded, too slow, or fails',
    [Code.Unavailable, Code.ResourceExhausted, Code.DeadlineExceeded, Code.Internal].map(code => ({ code })),
  ],
]

describe.each(PROTOCOLS)('pingcli ping over %s', protocol => {
  test('records one ping with a new id, and prints the id', async () => {
    const { address, pings } = await serve(protocol)
    const args = ['ping', '--json', '--protocol', protocol, '--address', address, '--timeout', PATIENT]
    const { code, stdout, stderr } = await (protocol === 'connect' ? runCliProcess : runCli)(args)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(pings).toHaveLength(1)
    expect(pings[0]?.pingId).toMatch(/^[\da-f]{8}-[\da-f]{4}-7/)
    expect(JSON.parse(stdout)).toMatchObject({ id: pings[0]?.pingId, tries: 1 })
    expect(pings[0]?.timestampMs).toBeUndefined()
  })

  test.each(protocol === 'connect' ? FAILURES : firstOrAll(FAILURES))(
    'sends the same ping again with the same id when %s',
    async (_, script) => {
      const run = async (timeout: string) => {
        const { address, pings, recorded } = await serve(protocol, script)
        const args = ['ping', '--json', '--protocol', protocol, '--address', address, '--timeout', timeout]
        return { ...(await runCli(args)), pings, recorded }
      }
      const isExpected = ({ pings }: { readonly pings: readonly unknown[] }) => pings.length === script.length + 1
      const { code, stdout, stderr, pings, recorded } = await withPatience('6s', run, isExpected)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(pings).toHaveLength(script.length + 1)
      expect(new Set(pings.map(ping => ping.pingId)).size).toBe(1)
      expect(recorded.size).toBe(1)
      expect(JSON.parse(stdout)).toMatchObject({ id: pings[0]?.pingId, tries: script.length + 1 })
    },
  )
})

describe.each(firstOrAll(PROTOCOLS))('pingcli ping over %s, if something fails,', protocol => {
  test('counts every ping of a run once although replies get lost and the server fails', async () => {
    const script: readonly Step[] = Array.from({ length: 60 }, (_, i) =>
      i % 10 === 3 ? 'lose reply' : i % 10 === 6 ? { code: Code.Unavailable } : 'answer',
    )
    const { address, pings, recorded } = await serve(protocol, script)
    const args = [
      'ping',
      '-n',
      '200',
      '--concurrency',
      '20',
      '--protocol',
      protocol,
      '--address',
      address,
      '--json',
      '--each',
      '--timeout',
      '40s',
    ]
    const { code, stdout } = await runCli(args)
    expect(code).toBe(0)
    const lines = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    const summary = lines.pop()
    expect(summary).toMatchObject({ pings: 200, acked: 200, open: [] })
    expect(pings.length).toBeGreaterThanOrEqual(200 + 12)
    // A cut connection takes other calls with it, some before they arrive.
    expect(summary.retries).toBeGreaterThanOrEqual(pings.length - 200)
    expect(summary.latencyMs.p50).toBeLessThanOrEqual(summary.latencyMs.p99)
    expect(new Set(lines.map(line => line.id))).toEqual(recorded)
    expect(recorded.size).toBe(200)
  })

  test('ends with exit code 4, at once, when the server refuses', async () => {
    const { address, pings } = await serve(protocol, [{ code: Code.AlreadyExists }])
    const { code, stdout, stderr } = await runCli(['ping', '--protocol', protocol, '--address', address])
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' })
    expect(stderr).toContain('refused: already_exists: scripted AlreadyExists')
    expect(pings).toHaveLength(1)
  })

  test('ends with exit code 3 when nothing listens, and prints how to send the ping again', async () => {
    const { address } = await serve(protocol)
    await server?.stop()
    server = undefined
    const args = ['ping', '--protocol', protocol, '--address', address, '--timestamp', '7', '--timeout']
    const { code, stderr } = await withPatience(
      '1s',
      timeout => runCli([...args, timeout]),
      each => each.stderr.includes('ECONNREFUSED'),
    )
    expect(code).toBe(3)
    expect(stderr).toMatch(/error: no answer within --timeout; (one try|\d+ tries): unavailable: .*ECONNREFUSED/)
    const [line] = /npx pingcli ping --id [\da-f-]{36} --timestamp=7.*/.exec(stderr) ?? []
    expect(line).toMatch(
      protocol === 'connect' ? new RegExp(` --address ${address}$`) : new RegExp(` --address ${address} --protocol ${protocol}$`),
    )
    server = await startScriptedServer(protocol, [], { port: Number(new URL(address).port) })
    expect(await runCli((line ?? '').split(' ').slice(2))).toMatchObject({ code: 0 })
    expect(server.pings[0]).toMatchObject({ timestampMs: 7n })
  })

  test('waits for a server that is not running yet', async () => {
    const refusing = await startRefusingServer()
    const args = ['ping', '--json', '--protocol', protocol, '--address', `http://127.0.0.1:${refusing.port}`]
    const run = startCli(args)
    await expect.poll(refusing.refused, STARTED).toBeGreaterThan(1)
    await refusing.stop()
    server = await startScriptedServer(protocol, [], { port: refusing.port })
    const { code, stdout } = await run.result
    expect(code).toBe(0)
    expect(JSON.parse(stdout).tries).toBeGreaterThan(1)
    expect(server.recorded.size).toBe(1)
  })
})

describe('pingcli ping', () => {
  test("waits as long as the server's retry-after says", async () => {
    const { address } = await serve('connect', [{ code: Code.ResourceExhausted, headers: { 'retry-after': '1' } }])
    const { stdout } = await runCli(['ping', '--json', '--address', address])
    expect(JSON.parse(stdout).latencyMs).toBeGreaterThanOrEqual(1_000)
  })

  test('stops at once if retry-after is longer than the time left', async () => {
    const { address, pings } = await serve('connect', [{ code: Code.ResourceExhausted, headers: { 'retry-after': '60' } }])
    const { code, stderr } = await runCli(['ping', '--address', address, '--timeout', '50s'])
    expect(code).toBe(3)
    expect(stderr).toContain('the server asks to retry after 1 min 0 s, which is more than what is left of --timeout')
    expect(pings).toHaveLength(1)
  })

  test.each([
    [['--timestamp', '-5'], -5n],
    [['--timestamp=-5'], -5n],
    [['--timestamp', '0'], 0n],
    [['--timestamp', '2026-11-21T10:00+01:00'], BigInt(Date.UTC(2026, 10, 21, 9))],
  ])('sends the timestamp of %j', async (args, timestampMs) => {
    const { address, pings } = await serve('connect')
    expect(await runCli(['ping', '--address', address, ...args])).toMatchObject({ code: 0 })
    expect(pings[0]?.timestampMs).toBe(timestampMs)
  })

  test('sends the id that is given, in lower case', async () => {
    const { address, pings } = await serve('connect')
    const { stdout } = await runCli(['ping', '--address', address, '--id', '0197A2B4-5C6D-7E8F-9A0B-1C2D3E4F5A6B'])
    expect(pings[0]?.pingId).toBe('0197a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b')
    expect(stdout).toMatch(/^recorded 0197a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b \(.* ms\)\n$/)
  })

  test('uses the address of PING_ADDRESS, and --address overrides it', async () => {
    const { address, pings } = await serve('connect')
    expect(await runCli(['ping', '--timeout', PATIENT], { PING_ADDRESS: address })).toMatchObject({ code: 0 })
    expect(await runCli(['--address', address, 'ping', '--timeout', PATIENT], { PING_ADDRESS: 'http://127.0.0.1:1' })).toMatchObject({
      code: 0,
    })
    expect(pings).toHaveLength(2)
  })

  test('starts no more pings than --rate allows', async () => {
    const { address, pings } = await serve('connect')
    const { stdout } = await runCli(['ping', '-n', '11', '--rate', '10', '--address', address, '--json', '--timeout', PATIENT])
    expect(pings).toHaveLength(11)
    expect(JSON.parse(stdout).elapsedMs).toBeGreaterThanOrEqual(1_000)
  })

  test('with --rate measures latencies from when a ping was due, so that a stall shows in every ping that waited for it', async () => {
    const { address } = await serve('connect', [{ code: Code.ResourceExhausted, headers: { 'retry-after': '2' } }])
    const args = ['ping', '-n', '20', '--rate', '10', '--concurrency', '1', '--address', address]
    const { stdout } = await runCli([...args, '--json'])
    const { latencyMs, sentLatencyMs } = JSON.parse(stdout)
    // The first ping delays the others by 2 s. The eleventh is due after 1 s, so it waits for a second.
    expect(latencyMs.p50).toBeGreaterThanOrEqual(900)
    expect(sentLatencyMs.p50).toBeLessThan(latencyMs.p50)
    expect(sentLatencyMs.max).toBeGreaterThanOrEqual(2_000)
    const text = (await runCli(args)).stdout
    expect(text).toMatch(/^latency: p50 .*, from when each ping was due$/m)
    expect(text).toMatch(/^from its first try: p50 /m)
  })

  test.each(
    firstOrAll<readonly [string, (socket: Socket) => unknown]>(
      [
        ['HTTP/1.1', socket => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n'))],
        ['another protocol', socket => socket.write('SSH-2.0-OpenSSH_9.2\r\n')],
        ['random bytes', socket => socket.write(Buffer.from('00ff01deadbeef00ff01deadbeef', 'hex'))],
        ['nothing', () => undefined],
        ['a reset', socket => socket.resetAndDestroy()],
        ['half a frame, and then nothing', socket => socket.write(Buffer.from('00000c04', 'hex'))],
      ],
      2,
    ),
  )('over grpc ends with exit code 3 and a reason when %s answers', async (_, answer) => {
    const listener = createServer(socket => void answer(socket.on('error', () => undefined)))
    await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
    const address = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`
    const { code, stderr } = await runCli(['ping', '--protocol', 'grpc', '--timeout', '600ms', '--address', address])
    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining('error: no answer within --timeout; ') })
    expect(stderr).not.toMatch(/Unhandled|node:events/)
    listener.close()
  })

  test('over grpc says that HTTP/2 is missing if the server speaks only HTTP/1.1', async () => {
    const { address } = await serve('connect')
    const { code, stderr } = await withPatience(
      '600ms',
      timeout => runCli(['ping', '--protocol', 'grpc', '--timeout', timeout, '--address', address]),
      each => each.stderr.includes('HTTP/2'),
    )
    expect(code).toBe(3)
    expect(stderr).toContain('got something other than HTTP/2, which grpc and --stream need')
  })

  test('ends a run at the first ping that fails, and names it', async () => {
    const { address, pings } = await serve('connect', ['answer', 'answer', { code: Code.InvalidArgument }])
    const { code, stdout, stderr } = await runCli([
      'ping',
      '-n',
      '50',
      '--concurrency',
      '1',
      '--address',
      address,
      '--json',
      '--timeout',
      PATIENT,
    ])
    expect(code).toBe(4)
    expect(pings).toHaveLength(3)
    expect(JSON.parse(stdout)).toMatchObject({ pings: 50, acked: 2, open: [pings[2]?.pingId] })
    expect(stderr).toBe('error: refused: invalid_argument: scripted InvalidArgument\n')
  })

  test.each(firstOrAll(['SIGINT', 'SIGTERM'] as const))('ends a run on %s with a summary and the exit code of the signal', async signal => {
    const interrupted = async () => {
      const { address, recorded } = await serve('connect')
      const run = startCli(['ping', '-n', '100000', '--rate', '100', '--address', address, '--each'])
      await run.shows('\n')
      run.child.kill(signal)
      return { ...(await run.result), recorded }
    }
    // On a busy machine, there may be no answer within a second.
    const { code, stdout, stderr, recorded } = await againUntil(interrupted, result => !result.stderr.includes('not acknowledged'))
    expect(code).toBe(signal === 'SIGINT' ? 130 : 143)
    expect(stdout).toContain(`${recorded.size} of 100 000 pings acknowledged`)
    expect(stderr).toBe('interrupted\n')
  })

  // At both depths "ends a run on SIGINT", and "ends a run at the first ping that fails", which names the pings.
  thoroughly(test)('ends on SIGINT while replies are missing, and names the pings', async () => {
    const interruptTwice = async () => {
      const { address, pings } = await serve('connect', Array<Step>(1_000).fill('no reply'))
      const run = startCli(['ping', '-n', '10', '--address', address, '--timeout', '1m'])
      await expect.poll(() => new Set(pings.map(({ pingId }) => pingId)).size, STARTED).toBe(10)
      const beganMs = performance.now()
      run.child.kill('SIGINT')
      run.child.kill('SIGINT') // as under npx, where it arrives twice
      const isOne = performance.now() - beganMs < SAME_SIGNAL_MS
      return { ...(await run.result), isOne }
    }
    // A busy machine may pause between the two.
    const { code, stderr } = await againUntil(interruptTwice, result => result.stderr !== '' || result.isOne)
    expect(code).toBe(130)
    expect(stderr).toContain('10 pings were not acknowledged and may or may not be recorded.')
  })
})
