import { cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Broker } from '../../../broker/broker.ts'
import { SettingsError } from '../../../src/runtime/settings.ts'

/** Every file that a broker keeps, and what happens if it contains garbage. */
const KEPT: Readonly<Record<string, 'refused' | 'mended' | 'ignored'>> = {
  '.lock': 'mended',
  '.lock.pid': 'ignored',
  'meta.properties': 'refused',
  'topics.json': 'refused',
  'producer-ids.json': 'refused',
  'offsets.log': 'mended',
  'kept-0/start-offset': 'refused',
  'kept-0/00000000000000000000.log': 'mended',
  'kept-0/00000000000000000000.index': 'mended',
  'kept-0/00000000000000000003.snapshot': 'mended',
}

/** Possible contents of a file instead of what the broker wrote. */
const GARBAGE: Readonly<Record<string, (content: Buffer) => Buffer>> = {
  empty: () => Buffer.alloc(0),
  truncated: content => content.subarray(0, content.length >> 1),
  'random bytes': () => Buffer.from(Array.from({ length: 3_000 }, (_, at) => (at * at * 31 + 7 * at + 11) & 0xff)),
  'JSON of another shape': () => Buffer.from('{"version":1,"topics":[{"name":"../x","partitions":-1}],"next":-7}'),
  null: () => Buffer.from('null'),
}

const root = mkdtempSync(join(tmpdir(), 'ping-broker-garbage-'))
const whole = join(root, 'whole')
let copies = 0

afterAll(() => rmSync(root, { recursive: true }))

interface Outcome {
  readonly refusal: string | undefined
  /** Warnings and errors of the start. */
  readonly said: string
}

async function start(folder: string): Promise<Outcome> {
  let said = ''
  const log = pino({ level: 'warn' }, { write: (line: string) => void (said += line) })
  try {
    const broker = await Broker.start({ config: { listeners: 'PLAINTEXT://127.0.0.1:0', 'log.dirs': folder }, log })
    await broker.stop()
    return { refusal: undefined, said }
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError)
    return { refusal: (error as Error).message, said }
  }
}

function copy(): string {
  const folder = join(root, `copy-${++copies}`)
  cpSync(whole, folder, { recursive: true })
  return folder
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => lstatSync(join(folder, name)).isFile())
    .toSorted()
}

beforeAll(async () => {
  const broker = await Broker.start({ config: { listeners: 'PLAINTEXT://127.0.0.1:0', 'log.dirs': whole } })
  const kafka = new Kafka({ brokers: [`127.0.0.1:${broker.port}`], logLevel: logLevel.NOTHING })
  const [admin, producer] = [kafka.admin(), kafka.producer({ idempotent: true, maxInFlightRequests: 1 })]
  await admin.connect()
  await producer.connect()
  await producer.send({ topic: 'kept', messages: [{ value: 'one' }, { value: 'two' }, { value: 'three' }] })
  await admin.setOffsets({ groupId: 'readers', topic: 'kept', partitions: [{ partition: 0, offset: '2' }] })
  await admin.deleteTopicRecords({ topic: 'kept', partitions: [{ partition: 0, offset: '1' }] })
  await producer.disconnect()
  await admin.disconnect()
  await broker.stop()
})

describe('a file of the broker that holds garbage', () => {
  test('can be any file that the broker keeps', () => {
    expect(filesIn(whole)).toEqual(Object.keys(KEPT).toSorted())
  })

  describe.each(Object.entries(KEPT))('%s', (file, fate) => {
    test.each(Object.entries(GARBAGE))('that is %s stops the start with its name, or is repaired and logged', async (_, spoil) => {
      const folder = copy()
      const before = readFileSync(join(folder, file))
      const spoilt = spoil(before)
      writeFileSync(join(folder, file), spoilt)
      const { refusal, said } = await start(folder)
      if (refusal !== undefined) {
        expect(fate).toBe('refused')
        expect(refusal).toContain(file.split('/').at(-1))
        expect(refusal).toMatch(/restore|move the folder away/)
        expect(readFileSync(join(folder, file))).toEqual(spoilt)
        expect(readFileSync(join(folder, 'kept-0/00000000000000000000.log'))).toEqual(
          readFileSync(join(whole, 'kept-0/00000000000000000000.log')),
        )
        return
      }
      expect(fate).not.toBe('refused')
      const isAsNew = ['.lock', 'offsets.log'].includes(file) && spoilt.length === 0
      if (fate === 'mended' && !spoilt.equals(before) && !isAsNew)
        expect(said).toContain(file.startsWith('kept-0') ? '"kept"' : file === 'offsets.log' ? 'committed offsets' : file)
    })

    test('that is a folder stops the start with its name', async () => {
      const folder = copy()
      rmSync(join(folder, file))
      mkdirSync(join(folder, file))
      const { refusal } = await start(folder)
      expect(refusal).toContain(join(folder, file))
      expect(existsSync(join(folder, file))).toBe(true)
    })
  })

  test('is saved as a copy before it is emptied or truncated', async () => {
    const folder = copy()
    for (const file of ['.lock', 'offsets.log']) writeFileSync(join(folder, file), 'written by another program')
    expect((await start(folder)).refusal).toBeUndefined()
    for (const file of ['.lock.damaged', 'offsets.log.cut'])
      expect(readFileSync(join(folder, file), 'utf8')).toBe('written by another program')
  })

  test('stops the start if topics.json is missing and there are records', async () => {
    const folder = copy()
    rmSync(join(folder, 'topics.json'))
    expect((await start(folder)).refusal).toContain('with records in kept-0 but without topics.json')
    expect(filesIn(folder)).toContain('kept-0/00000000000000000000.log')
  })
})
