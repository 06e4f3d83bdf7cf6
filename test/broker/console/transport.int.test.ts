import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { Folder } from '../../../broker/log/folder.ts'
import { atDepth } from '../../support/depth.ts'
import { random } from '../records/fixture.ts'
import { MAX_LINE_BYTES, openParts, startConsole, TOPIC, type RunningConsole } from './fixture.ts'
import { until } from './until.ts'

let running: RunningConsole

async function begin(...args: Parameters<typeof startConsole>): Promise<RunningConsole> {
  running = await startConsole(...args)
  return running
}

afterEach(() => running.stop())

describe('lines of the console', () => {
  test('may arrive in any pieces: several in a packet, one in several, split within a character', async () => {
    const { connect: enter } = await begin()
    const client = await enter()
    for (const byte of Buffer.from('pGrüße, 世界 🎉\r\nc\r\n')) {
      client.send(Buffer.of(byte))
      await new Promise(resolve => setImmediate(resolve))
    }
    expect(await client.lines(2)).toEqual(['ok', 'Grüße, 世界 🎉'])
    client.send('pone\r\nptwo\nc\r\nc\nc\n')
    expect(await client.lines(5)).toEqual(['ok', 'ok', 'one', 'two', '\\empty'])
  })

  test('that are not UTF-8 get an error and publish nothing', async () => {
    const { connect: enter, topics } = await begin()
    const client = await enter()
    client.send(Buffer.concat([Buffer.from('pcut \xc3\n', 'latin1'), Buffer.from([0xff, 0xfe, 0x0a])]))
    expect(await client.lines(2)).toEqual([
      '\\error line: got bytes that are not UTF-8, 7063757420c3 (hex), expected UTF-8',
      '\\error line: got bytes that are not UTF-8, fffe (hex), expected UTF-8',
    ])
    expect(topics.get(TOPIC)).toBeUndefined()
  })

  test('of random bytes get one answer each, a line of text', async () => {
    const { connect: enter } = await begin()
    const next = random(11)
    const client = await enter()
    const starts = ['p', 'c', 't', '?', 'p@t ', 'c@t ', 'c@t g', 'p@', 'c@', '', 'x']
    for (let round = 0; round < atDepth({ normally: 10, thoroughly: 30 }); round++) {
      const lines = Array.from({ length: 50 }, () => {
        const noise = Buffer.from(Array.from({ length: next() % 12 }, () => next() % (next() % 2 ? 256 : 128)).filter(byte => byte !== 10))
        return Buffer.concat([Buffer.from(starts[next() % starts.length]!), noise, Buffer.from('\n')])
      }).filter(line => line.toString('latin1').trimEnd() !== 'q')
      client.send(Buffer.concat(lines))
      for (const answer of await client.lines(lines.length)) expect(answer).not.toMatch(/[^\P{Cc}\t]|\uFFFD/u)
    }
    client.send('t\n')
    await client.line()
    expect(client.unread).toEqual([])
    expect(running.logged).toEqual([])
  })
})

describe('a connection that speaks another protocol', () => {
  const KAFKA = Buffer.from('0000001e0012000300000001000470696e670000000a70686f780a000000000000', 'hex')

  test.each<[string, string | Buffer]>([
    [
      'a post of a form',
      'POST / HTTP/1.1\r\nHost: localhost:9090\r\nContent-Type: text/plain\r\npragma: no-cache\r\n\r\npfrom a web page\r\n',
    ],
    ['a get', 'GET /pfoo HTTP/1.1\r\n\r\npx\r\n'],
    ['a header alone', 'host: localhost\r\npx\r\n'],
    ['an HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\npx\r\n'],
    ['a TLS client', Buffer.from('16030100c80a70780a', 'hex')],
    ['a Kafka client', KAFKA],
  ])('is closed, and none of its lines are executed: %s', async (_, bytes) => {
    const { connect: enter, topics } = await begin()
    const client = await enter()
    client.send(bytes)
    expect(await client.rest()).toEqual([])
    expect(topics.get(TOPIC)).toBeUndefined()
    expect(running.logged).toEqual([
      { level: 'warn', text: 'the line console closed a connection that spoke another protocol, such as HTTP' },
    ])
  })

  test('is detected even if it arrives byte by byte, or in the middle of a session', async () => {
    const { connect: enter, topics } = await begin()
    const slow = await enter()
    for (const byte of Buffer.from('POST ')) {
      slow.send(Buffer.of(byte))
      await new Promise(resolve => setImmediate(resolve))
    }
    expect(await slow.rest()).toEqual([])
    const late = await enter()
    expect(await late.ask('pPOST / HTTP/1.1')).toBe('ok') // a message may contain anything
    late.send('c\nPOST / HTTP/1.1\r\nHost: x\r\n\r\npfrom a web page\n')
    expect(await late.rest()).toEqual([])
    expect(topics.partition(TOPIC, 0).endOffset).toBe(1n)
  })
})

test('clients that send random bytes and vanish at any moment do not disturb others', async () => {
  const { connect: enter } = await begin({ maxClients: 20 })
  const steady = await enter()
  const next = random(5)
  const closed: Promise<unknown>[] = []
  for (let round = 0; round < atDepth({ normally: 200, thoroughly: 300 }); round++) {
    const socket = connect(running.console.port, '127.0.0.1')
    closed.push(new Promise(resolve => socket.on('close', resolve)))
    socket.on('error', () => {}).resume()
    socket.write(Buffer.from(Array.from({ length: next() % 300 }, () => [10, 112, 99, 64, 116, 63, next() & 0xff][next() % 7]!)))
    if (next() % 3 === 0) socket.end()
    else if (next() % 2 === 0) setImmediate(() => socket.resetAndDestroy())
    else socket.on('data', () => socket.resetAndDestroy())
    if (round % 10 === 0) expect(await steady.ask('?')).toBe(steady.help)
  }
  await Promise.all(closed)
  await until(() => running.console.clients === 1)
  expect(running.logged.filter(({ level }) => level === 'error')).toEqual([])
  while ((await steady.ask('c')) !== '\\empty');
  const published = running.topics.partition(TOPIC, 0).endOffset
  expect(published).toBeGreaterThan(100)
  expect(running.offsets.fetch('console', TOPIC, 0)?.offset).toBe(published)
})

describe('many commands at once', () => {
  test('from many clients: each gets its answers in order, and each message goes to one client', async () => {
    const { connect: enter } = await begin()
    const clients = await Promise.all(Array.from({ length: 50 }, enter))
    for (const [number, client] of clients.entries())
      client.send(Array.from({ length: 40 }, (_, index) => `p${number}.${index}\n`).join(''))
    for (const client of clients) expect(new Set(await client.lines(40))).toEqual(new Set(['ok']))
    for (const client of clients) client.send('c\n'.repeat(40))
    const got = (await Promise.all(clients.map(client => client.lines(40)))).flat()
    expect(got.toSorted()).toEqual(
      clients.flatMap((_, number) => Array.from({ length: 40 }, (_, index) => `${number}.${index}`)).toSorted(),
    )
  })

  test('from one client do not hold up another', async () => {
    const { connect: enter } = await begin()
    const [busy, other] = [await enter(), await enter()]
    // Few enough to be read at once, and their answers do not fill the buffer: only the turns separate them.
    const count = 20_000
    busy.send('p\n'.repeat(count))
    expect(await other.ask('t')).toBe(TOPIC)
    expect(running.topics.partition(TOPIC, 0).endOffset).toBeLessThan(count / 2)
    await busy.lines(count)
  })

  test('from a client that does not read are left unread, and are all answered once it reads', async () => {
    const { connect: enter } = await begin()
    const [deaf, other] = [await enter(), await enter()]
    deaf.socket.pause()
    const text = 'x'.repeat(MAX_LINE_BYTES - 1)
    const count = 1600
    let isSent = false
    deaf.socket.write(`p${text}\nc\n`.repeat(count / 2), () => {
      isSent = true
    })
    const published = (): bigint => running.topics.get(TOPIC)?.partitions[0]?.endOffset ?? 0n
    await standsStill(published)
    expect(isSent).toBe(false)
    expect(published()).toBeLessThan(BigInt(count / 2))
    expect(await other.ask('t')).toBe(TOPIC)
    deaf.socket.resume()
    const answers = await deaf.lines(count)
    expect(new Set(answers)).toEqual(new Set(['ok', text]))
    expect(answers.filter(answer => answer === 'ok')).toHaveLength(count / 2)
  })

  test('are all answered if the client then ends its side of the connection', async () => {
    const { connect: enter } = await begin()
    const client = await enter()
    client.socket.end(`${'pline\n'.repeat(1000)}${'c\n'.repeat(1000)}`)
    const answers = await client.rest()
    expect(answers.filter(answer => answer === 'ok')).toHaveLength(1000)
    expect(answers.filter(answer => answer === 'line')).toHaveLength(1000)
    await until(() => running.console.clients === 0)
  })
})

/** Resolves when `value` has been the same for a while. */
async function standsStill(value: () => bigint): Promise<void> {
  for (let same = 0, last = -1n; same < 20; same = value() === last && last > 0n ? same + 1 : 0) {
    last = value()
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

describe('an answer of the console', () => {
  test('is ok once the line is as durable as the broker is configured to make it', async () => {
    const parts = openParts(undefined, { flushEachAppend: true })
    const { connect: enter } = await begin({}, parts)
    const client = await enter()
    client.send('pone\nptwo\nc\nc\nc\n')
    expect(await client.lines(5)).toEqual(['ok', 'ok', 'one', 'two', '\\empty'])
    expect(parts.notified).toEqual([TOPIC, TOPIC])
  })

  test('is the reason if a line cannot be written, and the next line is read', async () => {
    const folder = failingFolder(openParts().folder)
    const { connect: enter } = await begin({}, openParts(folder))
    const client = await enter()
    await client.ask('pone')
    folder.isFull = true
    expect(await client.ask('ptwo')).toMatch(/^\\error .*no space left/)
    expect(await client.ask('c')).toBe('one')
    folder.isFull = false
    expect([await client.ask('pthree'), await client.ask('c')]).toEqual(['ok', 'three'])
  })
})

/** A folder on a disk that can be full. */
function failingFolder(folder: Folder, state = { isFull: false }): Folder & { isFull: boolean } {
  const wrapped: Folder = {
    names: () => folder.names(),
    folder: name => failingFolder(folder.folder(name), state),
    remove: name => folder.remove(name),
    readWhole: name => folder.readWhole(name),
    replace: (name, content) => folder.replace(name, content),
    open: name => {
      const file = folder.open(name)
      return {
        get size() {
          return file.size
        },
        append: pieces => {
          if (state.isFull) throw new Error('no space left on device')
          file.append(pieces)
        },
        read: (position, length) => file.read(position, length),
        truncate: size => file.truncate(size),
        sync: () => file.sync(),
        close: () => file.close(),
      }
    },
  }
  return Object.defineProperty(wrapped as Folder & { isFull: boolean }, 'isFull', {
    get: () => state.isFull,
    set: (isFull: boolean) => {
      state.isFull = isFull
    },
  })
}

describe('stopping the console', () => {
  test('closes idle and unresponsive clients, accepts no new ones, and leaves unfinished messages to the next start', async () => {
    const parts = openParts()
    const { connect: enter, console: lineConsole } = await begin({}, parts)
    const [idle, deaf, reader] = [await enter(), await enter(), await enter()]
    await reader.ask('pone')
    expect(await reader.ask('c')).toBe('one')
    deaf.socket.pause()
    deaf.send('?\n'.repeat(100_000))
    await until(() => deaf.socket.bytesWritten > 10_000)
    await lineConsole.stop(50)
    expect(lineConsole.clients).toBe(0)
    expect([await idle.rest(), await reader.rest()]).toEqual([[], []])
    await expect(refused(lineConsole.port)).resolves.toBe('ECONNREFUSED')
    const again = await startConsole({}, openParts(parts.folder))
    expect(await (await again.connect()).ask('c')).toBe('one')
    await again.stop()
  })
})

function refused(port: number): Promise<string | undefined> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
    socket.on('connect', () => {
      socket.destroy()
      resolve(undefined)
    })
  })
}
