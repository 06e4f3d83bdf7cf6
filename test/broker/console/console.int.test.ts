import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, test } from 'vitest'
import { decodeRecords } from '../../../broker/records/records.ts'
import { MAX_LINE_BYTES, openParts, produce, startConsole, TOPIC, type RunningConsole } from './fixture.ts'
import { until } from './until.ts'

let running: RunningConsole

async function begin(...args: Parameters<typeof startConsole>): Promise<RunningConsole> {
  running = await startConsole(...args)
  return running
}

afterEach(() => running.stop())

describe('a session with the console', () => {
  test('one connection publishes three lines, another consumes them in order', async () => {
    const { connect } = await begin()
    const publisher = await connect()
    publisher.send('pHere we go!\npSecond message\npThird one\n')
    expect(await publisher.lines(3)).toEqual(['ok', 'ok', 'ok'])
    const consumer = await connect()
    expect([await consumer.ask('c'), await consumer.ask('c'), await consumer.ask('c')]).toEqual([
      'Here we go!',
      'Second message',
      'Third one',
    ])
  })

  test('connecting prints the one-line help, and ? prints it again', async () => {
    const { connect } = await begin()
    const client = await connect()
    for (const command of ['p<text>', 'c next', 'p@<topic> <text>', 'c@<topic> [group]', 't topics', '? help', 'q quit'])
      expect(client.help).toContain(command)
    expect(await client.ask('?')).toBe(client.help)
    expect(client.unread).toEqual([])
  })

  test('q is answered and closes the connection', async () => {
    const {
      connect,
      console: { clients },
    } = await begin()
    expect(clients).toBe(0)
    const client = await connect()
    client.send('q\npnever done\n')
    expect(await client.rest()).toEqual(['bye'])
    await until(() => running.console.clients === 0)
    expect(running.topics.get(TOPIC)).toBeUndefined()
  })

  test('several consumers compete: each message goes to one of them', async () => {
    const { connect } = await begin()
    const [publisher, one, other] = [await connect(), await connect(), await connect()]
    for (let index = 0; index < 6; index++) await publisher.ask(`pmessage ${index}`)
    const got: string[] = []
    for (let index = 0; index < 3; index++) got.push(await one.ask('c'), await other.ask('c'))
    expect(got).toEqual(['message 0', 'message 1', 'message 2', 'message 3', 'message 4', 'message 5'])
    expect([await one.ask('c'), await other.ask('c')]).toEqual(['\\empty', '\\empty'])
  })
})

describe('every command gets one answer', () => {
  test('also on an empty queue, and for unknown commands and empty lines', async () => {
    const { connect } = await begin()
    const client = await connect()
    client.send('c\nx\n\nc@\nc@nope\nc@a b c\np@\np@topic\np@ text\ncx\nqq\nt\npone\nt\nc\nc\nq\n')
    expect(await client.rest()).toEqual([
      '\\empty',
      '\\error command: got "x", expected p, c, q, t or ? (? explains them)',
      '\\error command: got an empty line, expected p, c, q, t or ? (? explains them)',
      '\\error c@: got "c@", expected c@<topic> [group]',
      '\\error topic: got "nope", which does not exist, expected one that t lists',
      '\\error c@: got "c@a b c", expected c@<topic> [group]',
      '\\error p@: got "p@", expected p@<topic> <text>',
      '\\error p@: got "p@topic", expected p@<topic> <text>',
      '\\error p@: got "p@ text", expected p@<topic> <text>',
      '\\error command: got "cx", expected p, c, q, t or ? (? explains them)',
      '\\error command: got "qq", expected p, c, q, t or ? (? explains them)',
      '\\empty',
      'ok',
      'lines',
      'one',
      '\\empty',
      'bye',
    ])
  })

  test('a refusal of the broker is an error with its reason', async () => {
    const { connect } = await begin({ isAutoCreateEnabled: true })
    const client = await connect()
    expect(await client.ask('p@b#d text')).toMatch(/^\\error topic name: got "b#d", expected /)
  })

  test('a failure of the broker is logged and answered, and the console keeps running', async () => {
    const { connect, logged } = await begin({ now: () => NaN })
    const client = await connect()
    expect(await client.ask('ptext')).toBe('\\error the broker failed; its log has the reason')
    expect(logged).toEqual([{ level: 'error', text: 'a line of the console failed' }])
    expect(await client.ask('t')).toBe('lines')
  })
})

describe('topics of the console', () => {
  test("the console's own is created by the first line, with one partition", async () => {
    const { connect, topics } = await begin({ isAutoCreateEnabled: false })
    const client = await connect()
    expect(await client.ask('c')).toBe('\\empty')
    expect(topics.get(TOPIC)).toBeUndefined()
    await client.ask('pone')
    expect(topics.get(TOPIC)?.partitions).toHaveLength(1)
  })

  test('others are created when a line names them, if the broker allows it', async () => {
    const { connect, topics } = await begin()
    const client = await connect()
    expect(await client.ask('p@orders one box')).toBe('ok')
    expect(topics.get('orders')?.partitions).toHaveLength(3)
    expect([await client.ask('t'), await client.ask('c@orders'), await client.ask('c')]).toEqual(['orders', 'one box', '\\empty'])
  })

  test.each(['__consumer_offsets', '__transaction_state', '__share_group_state', '__cluster_metadata'])(
    "of Kafka's brokers themselves do not: %s",
    async name => {
      const { connect, topics } = await begin()
      const client = await connect()
      expect(await client.ask(`p@${name} x`)).toMatch(/^\\error (Cannot append to|Creation of) internal topic __/)
      expect(topics.all()).toEqual([])
    },
  )

  test('others are not created if auto.create.topics.enable is off', async () => {
    const { connect, topics } = await begin({ isAutoCreateEnabled: false })
    const client = await connect()
    expect(await client.ask('p@orders one box')).toBe('\\error topic: got "orders", which does not exist, expected one that t lists')
    topics.create('orders')
    expect([await client.ask('p@orders one box'), await client.ask('c@orders')]).toEqual(['ok', 'one box'])
  })

  test('one that is deleted and created again starts with its first message', async () => {
    const { connect, topics, offsets } = await begin()
    const client = await connect()
    for (const line of ['pone', 'ptwo', 'c', 'c']) await client.ask(line)
    topics.delete(topics.get(TOPIC)!)
    offsets.deleteTopic(TOPIC)
    expect(await client.ask('c')).toBe('\\empty')
    for (const text of ['three', 'four', 'five']) await client.ask(`p${text}`)
    expect([await client.ask('c'), await client.ask('c'), await client.ask('c')]).toEqual(['three', 'four', 'five'])
  })

  test('added partitions are read too', async () => {
    const { connect, topics } = await begin()
    topics.create('grows', { partitions: 1 })
    const client = await connect()
    expect(await client.ask('c@grows')).toBe('\\empty')
    topics.addPartitions(topics.get('grows')!, 2)
    produce(running, 'grows', [{ value: Buffer.from('in the new one') }], 1)
    expect(await client.ask('c@grows')).toBe('in the new one')
  })

  test("with several partitions keep each client's lines in order, and spread the clients over the partitions", async () => {
    const { connect, topics } = await begin()
    topics.create('wide', { partitions: 3 })
    for (let client = 0; client < 3; client++) {
      const publisher = await connect()
      for (let index = 0; index < 4; index++) await publisher.ask(`p@wide ${client}.${index}`)
    }
    const values = topics.get('wide')!.partitions.map(log => log.read(0n, 1e6, { atLeastOneBatch: true }).flatMap(allValues))
    expect(values.map(texts => texts.join(' ')).toSorted()).toEqual(['0.0 0.1 0.2 0.3', '1.0 1.1 1.2 1.3', '2.0 2.1 2.2 2.3'])
  })

  test('with several partitions read them in turn, so that none waits for a full one', async () => {
    const { connect, topics } = await begin()
    topics.create('wide', { partitions: 3 })
    produce(
      running,
      'wide',
      Array.from({ length: 50 }, (_, index) => ({ value: Buffer.from(`0.${index}`) })),
      0,
    )
    produce(running, 'wide', [{ value: Buffer.from('1.0') }, { value: Buffer.from('1.1') }], 1)
    produce(running, 'wide', [{ value: Buffer.from('2.0') }], 2)
    const client = await connect()
    client.send('c@wide\n'.repeat(7))
    expect(await client.lines(7)).toEqual(['0.0', '1.0', '2.0', '0.1', '1.1', '0.2', '0.3'])
  })
})

describe('groups of the console', () => {
  test('each get every message, which goes to one client of the group', async () => {
    const { connect } = await begin()
    const [client, other] = [await connect(), await connect()]
    for (const text of ['one', 'two', 'three']) await client.ask(`p@orders ${text}`)
    expect([await client.ask('c@orders a'), await other.ask('c@orders a'), await client.ask('c@orders a')]).toEqual(['one', 'two', 'three'])
    expect([await client.ask('c@orders b'), await client.ask('c@orders  b '), await other.ask('c@orders')]).toEqual(['one', 'two', 'one'])
  })

  test('start with the oldest message', async () => {
    const { connect, topics } = await begin()
    const client = await connect()
    for (const text of ['one', 'two', 'three']) await client.ask(`p${text}`)
    topics.partition(TOPIC, 0).deleteBefore(1n)
    expect(await client.ask('c')).toBe('two')
  })

  test('are refused if their name is too long', async () => {
    const { connect } = await begin()
    const client = await connect()
    expect(await client.ask(`c@orders ${'g'.repeat(250)}`)).toBe('\\error group: got a name of 250 characters, expected at most 249')
  })

  test('are refused if they have Kafka clients as members, and their position is unchanged', async () => {
    const { connect, groupsWithMembers, offsets } = await begin()
    const client = await connect()
    for (const text of ['one', 'two', 'three']) await client.ask(`p@orders ${text}`)
    await client.ask('c@orders team')
    groupsWithMembers.add('team')
    const refusal = '\\error group: got "team", which has Kafka clients as members, expected a group without any'
    expect([await client.ask('c@orders team'), offsets.all('team').size]).toEqual([refusal, 0])
    groupsWithMembers.clear()
    expect(await client.ask('c@orders team')).toBe('two')
  })

  test('continue where a Kafka group of the same name stopped, and the reverse', async () => {
    const { connect, offsets } = await begin()
    const client = await connect()
    for (const text of ['one', 'two', 'three', 'four']) await client.ask(`p${text}`)
    offsets.commit('team', [{ topic: TOPIC, partition: 0, offset: 1n }])
    expect(await client.ask(`c@${TOPIC} team`)).toBe('two')
    await client.ask('?')
    expect(offsets.fetch('team', TOPIC, 0)?.offset).toBe(2n)
    offsets.commit('team', [{ topic: TOPIC, partition: 0, offset: 3n }])
    expect(await client.ask(`c@${TOPIC} team`)).toBe('four')
  })
})

describe('delivery at least once', () => {
  test('a message is done when the same connection sends its next command, no matter which', async () => {
    const { connect, offsets } = await begin()
    const publisher = await connect()
    const commands = ['c', 't', '?', 'pmore', 'nonsense', '', 'c@nope', 'q', 'z'.repeat(MAX_LINE_BYTES + 1)]
    for (const [index] of commands.entries()) await publisher.ask(`p@done ${index}`)
    for (const [index, command] of commands.entries()) {
      const client = await connect()
      expect(await client.ask('c@done')).toBe(String(index))
      await client.ask(command)
      expect(client.unread).toEqual([])
      client.cut()
    }
    await until(() => running.console.clients === 1)
    expect(await publisher.ask('c@done')).toBe('\\empty')
    expect(total(offsets)).toBe(BigInt(commands.length))
  })

  function total(offsets: RunningConsole['offsets']): bigint {
    return [...(offsets.all('console').get('done')?.values() ?? [])].reduce((sum, { offset }) => sum + offset, 0n)
  }

  test.each([
    ['is cut', (socket: { resetAndDestroy(): void; end(): void }) => socket.resetAndDestroy()],
    ['ends without a further command', (socket: { resetAndDestroy(): void; end(): void }) => socket.end()],
  ])('if the connection %s before that, the message goes to the next consumer, before any later one', async (_, leave) => {
    const { connect } = await begin()
    const [first, second] = [await connect(), await connect()]
    for (const text of ['one', 'two', 'three']) await second.ask(`p${text}`)
    expect([await first.ask('c'), await second.ask('c')]).toEqual(['one', 'two'])
    leave(first.socket)
    await until(() => running.console.clients === 1)
    expect([await second.ask('c'), await second.ask('c'), await second.ask('c')]).toEqual(['one', 'three', '\\empty'])
  })

  test('an incomplete line is not a command and confirms nothing', async () => {
    const { connect } = await begin()
    const [first, second] = [await connect(), await connect()]
    await second.ask('pone')
    expect(await first.ask('c')).toBe('one')
    first.socket.end('pcut in the mid')
    expect(await first.rest()).toEqual([])
    expect([await second.ask('c'), await second.ask('c')]).toEqual(['one', '\\empty'])
  })

  test('after a restart a group continues at the first message that is not done', async () => {
    const parts = openParts()
    const { connect, console: first } = await begin({}, parts)
    const [one, other, third] = [await connect(), await connect(), await connect()]
    for (const text of ['one', 'two', 'three', 'four', 'five']) await one.ask(`p${text}`)
    for (const [client, text] of [
      [one, 'one'],
      [other, 'two'],
      [third, 'three'],
      [one, 'four'],
    ] as const)
      expect(await client.ask('c')).toBe(text)
    await third.ask('t')
    await first.stop(1000)
    await running.stop()
    const again = await begin({}, openParts(parts.folder))
    const client = await again.connect()
    client.send('c\n'.repeat(5))
    // "three" was done, but "two" before it was not, and only one position is stored.
    expect(await client.lines(5)).toEqual(['two', 'three', 'four', 'five', '\\empty'])
  })

  test('a position that cannot be stored is logged, and the next one that can be stored replaces it', async () => {
    const parts = openParts()
    let isFull = false
    const positions = {
      read: (group: string, topic: string, partition: number) => parts.offsets.fetch(group, topic, partition)?.offset,
      write: (group: string, topic: string, partition: number, offset: bigint) => {
        if (isFull) throw new Error('no space left on device')
        parts.offsets.commit(group, [{ topic, partition, offset }])
      },
      hasMembers: () => false,
    }
    const { connect, logged, offsets } = await begin({ positions }, parts)
    const client = await connect()
    for (const text of ['one', 'two', 'three']) await client.ask(`p${text}`)
    isFull = true
    expect([await client.ask('c'), await client.ask('c')]).toEqual(['one', 'two'])
    expect(logged.map(({ level }) => level)).toEqual(['error'])
    expect(offsets.fetch('console', TOPIC, 0)).toBeUndefined()
    isFull = false
    expect(await client.ask('c')).toBe('three')
    expect(offsets.fetch('console', TOPIC, 0)?.offset).toBe(2n)
  })
})

describe('messages of the console are ordinary records', () => {
  test('a Kafka client reads what p publishes: the text as value, no key, the time; waiting fetches are woken', async () => {
    const { connect, topics, notified } = await begin({ now: () => 1_700_000_000_123 })
    const client = await connect()
    await client.ask('p Grüße, 世界 🎉 ')
    const [piece] = topics.partition(TOPIC, 0).read(0n, 1e6, { atLeastOneBatch: true })
    expect(decodeRecords(piece!)).toEqual([
      { offset: 0n, timestamp: 1_700_000_000_123n, key: null, value: Buffer.from(' Grüße, 世界 🎉 '), headers: [] },
    ])
    expect(notified).toEqual([TOPIC])
  })

  test.each([
    ['text', 'Grüße\tan alle', 'Grüße\tan alle'],
    ['an empty text', '', ''],
    ['text that looks like an answer', 'ok', 'ok'],
    ['several lines', 'one\ntwo\r\nthree', '\\text "one\\ntwo\\r\\nthree"'],
    ['a leading backslash', '\\empty', '\\text "\\\\empty"'],
    ['a backslash elsewhere', 'C:\\temp', 'C:\\temp'],
    ['control characters of a terminal', '\u001b[2J\u009b\u007f', '\\text "\\u001b[2J\\u009b\\u007f"'],
    ['line ends of other programs', 'a\u2028b\u0085c', '\\text "a\\u2028b\\u0085c"'],
    ['bytes that are not UTF-8', Buffer.from([0xde, 0xad, 0xbe, 0xef]), '\\base64 3q2+7w=='],
    ['no value', null, '\\null'],
  ])('a message is shown on one line: %s', async (_, value, line) => {
    const { connect, topics } = await begin()
    topics.create(TOPIC, { partitions: 1 })
    produce(running, TOPIC, [{ key: Buffer.from('key'), value: typeof value === 'string' ? Buffer.from(value) : value }])
    const client = await connect()
    expect(await client.ask('c')).toBe(line)
    if (typeof value === 'string' && line.startsWith('\\text ')) expect(JSON.parse(line.slice('\\text '.length))).toBe(value)
    expect(await client.ask('c')).toBe('\\empty')
  })

  test('messages that cannot be read are reported once and skipped', async () => {
    const { connect, topics, appender } = await begin()
    topics.create(TOPIC, { partitions: 1 })
    const log = topics.partition(TOPIC, 0)
    produce(running, TOPIC, [{ value: Buffer.from('before') }])
    appender.append(log, corruptBatch())
    produce(running, TOPIC, [{ value: Buffer.from('after') }])
    const client = await connect()
    expect(await client.ask('c')).toBe('before')
    expect(await client.ask('c')).toMatch(/^\\error messages of lines from offset 1 cannot be read and are skipped: /)
    expect([await client.ask('c'), await client.ask('c')]).toEqual(['after', '\\empty'])
  })
})

describe('limits', () => {
  test('a line of message.max.bytes is published and read back whole, a longer one is an error', async () => {
    const { connect } = await begin()
    const client = await connect()
    const text = Array.from({ length: MAX_LINE_BYTES - 1 }, (_, index) => String.fromCharCode(0x21 + ((index * index) % 91)))
      .join('')
      .replace(/^\\/, '/')
    expect(await client.ask(`p${text}`)).toBe('ok')
    expect(await client.ask(`p${text}!`)).toBe(`\\error line: got more than ${MAX_LINE_BYTES} bytes, the maximum (message.max.bytes)`)
    expect([await client.ask('c'), await client.ask('c')]).toEqual([text, '\\empty'])
  })

  test('a line that is much longer is skipped to its end and not kept in memory', async () => {
    const { connect } = await begin()
    const client = await connect()
    const before = heldBytes()
    const piece = Buffer.alloc(1 << 20, 'x')
    client.send('p')
    for (let count = 0; count < 80; count++) {
      client.send(piece)
      await client.flushed()
    }
    expect(await client.line()).toContain('got more than')
    expect(heldBytes() - before).toBeLessThan(20 << 20)
    client.send('x\npone\n')
    expect(await client.line()).toBe('ok')
    expect(await client.ask('c')).toBe('one')
  })

  test("a message above the topic's own limit is an error", async () => {
    const { connect } = await begin({}, openParts(undefined, { maxMessageBytes: 100 }))
    const client = await connect()
    expect(await client.ask(`p${'x'.repeat(100)}`)).toMatch(/^\\error .*expected at most 100/)
    expect(await client.ask('pshort')).toBe('ok')
  })

  test('clients beyond the limit are refused with an error, and accepted once others leave', async () => {
    const { connect, logged } = await begin({ maxClients: 2 })
    const [first] = [await connect(), await connect()]
    const third = await connect()
    expect([third.help, await third.rest()]).toEqual(['\\error clients: got 3, expected at most 2 at a time', []])
    expect(logged).toEqual([{ level: 'warn', text: 'the line console refused a client' }])
    await first.ask('q')
    await until(() => running.console.clients === 1)
    expect(await (await connect()).ask('t')).toBe('\\empty')
  })
})

/** The bytes of buffers that are still needed. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().arrayBuffers
}

function allValues(piece: Buffer): string[] {
  const values: string[] = []
  for (let at = 0; at < piece.length;) {
    const end = at + 12 + piece.readInt32BE(at + 8)
    values.push(...decodeRecords(piece.subarray(at, end)).map(({ value }) => String(value)))
    at = end
  }
  return values
}

/** A batch that claims to be gzip, but is not. */
function corruptBatch(): Buffer {
  const batch = Buffer.alloc(80, 1)
  batch.writeBigInt64BE(0n, 0)
  batch.writeInt32BE(68, 8)
  batch.writeInt8(2, 16)
  batch.writeInt16BE(1, 21)
  batch.writeInt32BE(4, 23)
  batch.writeBigInt64BE(0n, 35)
  batch.writeBigInt64BE(-1n, 43)
  batch.writeInt32BE(5, 57)
  return batch
}
