import { expect, test } from 'vitest'
import { ERROR, ProtocolError } from '../../../broker/errors.ts'
import { TornFileError } from '../../../broker/log/folder.ts'
import { PartitionLog, type LogSettings } from '../../../broker/log/partition-log.ts'
import { atDepth } from '../../support/depth.ts'
import { seededRandom, type Random } from '../../support/random.ts'
import { batchOf, recordsOf, SETTINGS } from './log-fixture.ts'
import { LogModel, type ModelBatch } from './log-model.ts'
import { Stopped, UnreliableFolder } from './unreliable-folder.ts'

const SEEDS = Number(process.env['SIM_SEEDS'] ?? atDepth({ normally: 300, thoroughly: 1_000 }))
const STEPS = 50
const FULL = new Error('ENOSPC: no space left on device')

/** One history: a log and its model, which get the same operations. */
class History {
  readonly #random: Random
  readonly #folder: UnreliableFolder
  readonly #model = new LogModel()
  readonly #settings: LogSettings
  readonly #counts: Map<string, number>
  #nowMs = 1_000_000
  #log: PartitionLog
  /** The batch that was being appended when the machine stopped: it may exist or not. */
  #inFlight: Omit<ModelBatch, 'baseOffset'> | undefined
  #inFlightStart: number | undefined
  #serial = 0
  #isOver = false

  constructor(seed: number, counts: Map<string, number>) {
    this.#random = seededRandom(seed)
    this.#counts = counts
    this.#folder = new UnreliableFolder(this.#random)
    this.#settings = {
      ...SETTINGS,
      segmentBytes: this.#random.pick([600, 900, 2000, 1_000_000]),
      indexIntervalBytes: this.#random.pick([1, 150, 4096]),
      segmentMs: this.#random.pick([50, 1_000_000]),
      retentionMs: this.#random.pick([-1, 200]),
      retentionBytes: this.#random.pick([-1, 700, 0]),
      flushEachAppend: this.#random.next() < 0.5,
      producerIdExpirationMs: 1e12,
    }
    this.#log = this.#open()
  }

  #open(): PartitionLog {
    return PartitionLog.open({ folder: this.#folder, settings: () => this.#settings, now: () => this.#nowMs })
  }

  #count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1)
  }

  run(): void {
    for (let step = 0; step < STEPS && !this.#isOver; step++) {
      this.#nowMs += this.#random.between(0, 20)
      const action = this.#random.pick(ACTIONS)
      this.#count(action)
      if (this.#random.next() < 0.06) this.#folder.trouble = { stopsIn: this.#random.between(0, 8) }
      try {
        this[action]()
      } catch (error) {
        if (!isStop(error)) throw error
        this.#restart()
      }
      this.#folder.trouble = {}
      this.#check()
    }
  }

  append(): void {
    const producer = this.#random.next() < 0.5 ? this.#producer() : undefined
    const count = this.#random.between(1, 5)
    const values = Array.from({ length: count }, () => `${this.#serial++}${'.'.repeat(this.#random.between(0, 100))}`)
    const times = values.map(() => this.#nowMs - this.#random.between(0, 60))
    const batch = { values, times, ...(producer && { producer }) }
    this.#inFlight = batch
    this.#expectAppend(batch)
    this.#inFlight = undefined
  }

  #producer(): NonNullable<ModelBatch['producer']> {
    const id = this.#random.between(1, 4)
    const own = this.#model.batches.filter(batch => batch.producer?.id === id)
    const last = own.at(-1)
    const next = last ? { ...last.producer!, sequence: last.producer!.sequence + last.values.length } : { id, epoch: 0, sequence: 0 }
    const kind = this.#random.next()
    if (kind < 0.6) return next
    if (kind < 0.75) return { ...next, epoch: next.epoch + 1, sequence: this.#random.pick([0, 0, 1]) }
    if (kind < 0.85) return { ...next, sequence: next.sequence + this.#random.between(1, 5) }
    return own.length > 0 ? this.#random.pick(own).producer! : next
  }

  #expectAppend(batch: Omit<ModelBatch, 'baseOffset'>): void {
    const bytes = sent(batch)
    const expected = batch.producer && this.#model.outcome(batch.producer, batch.values.length)
    const appended = attempt(() => this.#log.append(bytes))
    if (expected && 'code' in expected) return expect(appended).toMatchObject({ code: expected.code })
    if (expected) return expect(appended).toEqual({ baseOffset: BigInt(expected.again), logAppendTime: -1n, isDuplicate: true })
    expect(appended).toEqual({ baseOffset: BigInt(this.#model.end), logAppendTime: -1n, isDuplicate: false })
    this.#model.add(batch)
    if (!this.#settings.flushEachAppend) this.#model.shown = this.#model.end
    else this.#model.shown = Number(this.#log.highWatermark)
  }

  /** The same batch once more, exactly. */
  repeat(): void {
    const batch = this.#model.batches.filter(({ producer }) => producer).at(-this.#random.between(1, 8))
    if (batch) this.#expectAppend(batch)
  }

  appendToFullDisk(): void {
    const batch = { values: ['lost'], times: [this.#nowMs] }
    const canCutBack = this.#random.next() < 0.7
    const failing = this.#random.pick([['append'], ['append', 'replace'], ['append', 'open', 'replace']])
    this.#folder.trouble = {
      fails: operation => (failing.includes(operation) || (operation === 'cut back' && !canCutBack) ? FULL : undefined),
    }
    expect(attempt(() => this.#log.append(sent(batch)))).toMatchObject({ code: ERROR.KAFKA_STORAGE_ERROR })
    const isTorn = attempt(() => this.#log.append(sent(batch)))
    this.#folder.trouble = {}
    this.#model.shown = Number(this.#log.highWatermark)
    if ((isTorn as ProtocolError).cause !== undefined && !((isTorn as ProtocolError).cause instanceof TornFileError)) return
    // Nothing is appended until the log is opened again; then the torn bytes may be a whole batch.
    this.#inFlight = batch
    this.#check()
    this.#reopened({ powerCut: false })
  }

  flush(): void {
    this.#log.flush()
    this.#model.shown = this.#model.end
  }

  read(): void {
    const from = this.#random.between(this.#model.start, this.#model.end + 1)
    const maxBytes = this.#random.between(0, 1500)
    const pieces = this.#log.read(BigInt(from), maxBytes, { atLeastOneBatch: true })
    const got = pieces
      .flatMap(recordsOf)
      .map(({ offset, value, timestamp }) => `${offset}:${value}@${timestamp}`)
      .filter(text => Number.parseInt(text, 10) >= from)
    const expected = this.#model.content(from)
    expect(got).toEqual(expected.slice(0, got.length))
    expect(got.length > 0).toBe(expected.length > 0)
    if (pieces.length > 1) expect(pieces.reduce((sum, piece) => sum + piece.length, 0)).toBeLessThanOrEqual(maxBytes)
  }

  findTimestamp(): void {
    const timestamp = this.#nowMs - this.#random.between(-10, 400)
    const found = this.#model.records().find(({ time }) => time >= timestamp)
    expect(this.#log.findTimestamp(BigInt(timestamp))).toEqual(found && { offset: BigInt(found.offset), timestamp: BigInt(found.time) })
  }

  maxTimestamp(): void {
    const records = this.#model.records()
    // In the batch that contains the start of the log, the record with the greatest time may be deleted; the header does not show it.
    if (
      this.#model.batches.some(({ baseOffset, values }) => baseOffset < this.#model.start && baseOffset + values.length > this.#model.start)
    )
      return
    const time = Math.max(...records.map(record => record.time))
    const found = records.find(record => record.time === time)
    expect(this.#log.maxTimestamp()).toEqual(found && { offset: BigInt(found.offset), timestamp: BigInt(found.time) })
  }

  deleteBefore(): void {
    const offset = this.#random.between(0, this.#model.shown + 2)
    this.#inFlightStart = offset
    const refused = attempt(() => this.#log.deleteBefore(BigInt(offset)))
    if (offset > this.#model.shown) expect(refused).toMatchObject({ code: ERROR.OFFSET_OUT_OF_RANGE })
    else this.#model.start = Math.max(this.#model.start, offset)
    this.#inFlightStart = undefined
  }

  applyRetention(): void {
    this.#inFlightStart = this.#model.shown
    this.#log.applyRetention()
    this.#inFlightStart = undefined
    const start = Number(this.#log.startOffset)
    expect(start).toBeGreaterThanOrEqual(this.#model.start)
    expect(start).toBeLessThanOrEqual(this.#model.shown)
    this.#model.start = start
    this.#model.shown = Number(this.#log.highWatermark)
  }

  closeAndOpen(): void {
    this.#log.close()
    const findings = this.#reopened({ powerCut: false })
    // Those that a power cut damaged cannot be repaired while the disk is full.
    expect(findings.filter(finding => !/^the (index of the segment|producer snapshot)/.test(finding))).toEqual([])
  }

  kill(): void {
    this.#reopened({ powerCut: false })
  }

  cutPower(): void {
    this.#reopened({ powerCut: true })
  }

  #restart(): void {
    const powerCut = this.#random.next() < 0.5
    this.#count(powerCut ? 'power cut in a call' : 'kill in a call')
    this.#reopened({ powerCut })
  }

  /** Opens the log again, which may be interrupted once more, and adopts in the model what may have either outcome. */
  #reopened({ powerCut }: { powerCut: boolean }): readonly string[] {
    let anyCut = powerCut
    this.#folder.restart({ powerCut })
    while (this.#random.next() < 0.2) {
      this.#folder.trouble = { stopsIn: this.#random.between(0, 6) }
      const opened = stopped(() => void (this.#log = this.#open()))
      const again = this.#random.next() < 0.5
      anyCut ||= again
      this.#count(opened ? 'stop while opening' : 'opened in spite')
      this.#folder.restart({ powerCut: again })
    }
    this.#log = this.#open()
    this.#adopt(anyCut)
    return this.#log.findings
  }

  #adopt(powerCut: boolean): void {
    const model = this.#model
    const [start, end] = [Number(this.#log.startOffset), Number(this.#log.endOffset)]
    if (this.#inFlight && end > model.end) {
      this.#count('the batch in flight was written')
      model.add(this.#inFlight)
    }
    if (powerCut) {
      // Records that consumers could read are safe if so configured; some of the others may be lost.
      if (this.#settings.flushEachAppend) expect(end).toBeGreaterThanOrEqual(model.shown)
      if (end < model.end) this.#count('records lost in a power cut')
      // A moved start offset is more durable than the records before it. The state of their producers is undefined, so the history ends here.
      const isWhole = end === model.end || model.batches.some(({ baseOffset }) => baseOffset === end)
      this.#isOver = end === start && end > 0
      expect(isWhole || this.#isOver).toBe(true)
      model.cut(end)
    }
    expect(end).toBe(model.end)
    const upTo = this.#inFlightStart ?? model.start
    // Removed files may reappear after a power cut.
    if (!powerCut) expect(start).toBeGreaterThanOrEqual(model.start)
    expect(start).toBeLessThanOrEqual(Math.max(model.start, upTo))
    model.start = start
    model.shown = end
    this.#inFlight = this.#inFlightStart = undefined
  }

  #check(): void {
    const { start, end, shown } = this.#model
    const { startOffset, highWatermark, endOffset } = this.#log
    const isSame = startOffset === BigInt(start) && highWatermark === BigInt(shown) && endOffset === BigInt(end)
    if (!isSame)
      throw new Error(`start, high watermark, end: got ${startOffset}, ${highWatermark}, ${endOffset}, expected ${start}, ${shown}, ${end}`)
  }

  /** Everything can be read, in order. */
  checkAll(): void {
    const got = this.#log.read(this.#log.startOffset, 2 ** 30, { atLeastOneBatch: true }).flatMap(recordsOf)
    const content = got
      .filter(({ offset }) => offset >= this.#log.startOffset)
      .map(({ offset, value, timestamp }) => `${offset}:${value}@${timestamp}`)
    expect(content).toEqual(this.#model.content())
  }
}

const ACTIONS = [
  'append',
  'append',
  'append',
  'append',
  'append',
  'append',
  'append',
  'append',
  'append',
  'append',
  'append',
  'append',
  'append',
  'append',
  'repeat',
  'repeat',
  'repeat',
  'appendToFullDisk',
  'flush',
  'flush',
  'read',
  'read',
  'read',
  'findTimestamp',
  'findTimestamp',
  'maxTimestamp',
  'deleteBefore',
  'applyRetention',
  'closeAndOpen',
  'kill',
  'cutPower',
] as const satisfies readonly (keyof History)[]

function sent({ values, times, producer }: Omit<ModelBatch, 'baseOffset'>): Buffer {
  const batch = batchOf({ values, times, ...(producer && { producer }) })
  return batch
}

/** Returns a protocol error; rethrows the stop of the machine. */
function attempt<T>(run: () => T): T | ProtocolError {
  try {
    return run()
  } catch (error) {
    if (error instanceof ProtocolError && !isStop(error)) return error
    throw error
  }
}

function stopped(run: () => void): boolean {
  try {
    run()
    return false
  } catch (error) {
    if (isStop(error)) return true
    throw error
  }
}

function isStop(error: unknown): boolean {
  return error instanceof Stopped || (error instanceof Error && error.cause !== undefined && isStop(error.cause))
}

test(`in ${SEEDS} histories with crashes, power cuts and full disks the log matches its model`, () => {
  const counts = new Map<string, number>()
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      const history = new History(seed, counts)
      history.run()
      history.checkAll()
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
    }
  }
  // Each of these must have happened, or the test would not cover them.
  const happened = [
    ...new Set(ACTIONS),
    'power cut in a call',
    'kill in a call',
    'stop while opening',
    'the batch in flight was written',
    'records lost in a power cut',
  ]
  expect(happened.filter(what => (counts.get(what) ?? 0) < SEEDS / 100)).toEqual([])
})
