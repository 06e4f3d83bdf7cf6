import { randomUUID } from 'node:crypto'
import type { EachBatchPayload } from 'kafkajs'
import { within } from '../../../src/runtime/wait.ts'
import { cpuBetween, type CpuSeconds } from '../../measuring/cpu.ts'
import type { ClientResult, ConsumeTask } from './client-task.ts'
import { cpuOf, kafkaOf } from './kafka.ts'
import { numberOf } from './record-value.ts'

const LIMIT_MS = 60_000
/** Maximum time that a fetch waits for records: the consumer stops no sooner. */
const MAX_WAIT_MS = 100

/** Reads the whole topic by `eachBatch`, as a member of a new group. The measurement starts at the first batch. */
export async function consume({ place, expected }: ConsumeTask): Promise<ClientResult> {
  const consumer = kafkaOf(place).consumer({ groupId: `bench-${randomUUID()}`, maxWaitTimeInMs: MAX_WAIT_MS })
  const reading = new Reading(() => cpuOf(place))
  await consumer.connect()
  try {
    await consumer.subscribe({ topic: place.topic, fromBeginning: true })
    await consumer.run({ eachBatch: async payload => reading.see(payload) })
    await within(LIMIT_MS, '', reading.atEnd).catch(() => undefined)
  } finally {
    await consumer.disconnect()
  }
  return reading.result(expected)
}

class Reading {
  readonly #cpu: () => CpuSeconds | undefined
  readonly #ended = Promise.withResolvers<void>()
  #next = 0
  #wrong: string | undefined
  #start: Sample | undefined
  #end: Sample | undefined

  constructor(cpu: () => CpuSeconds | undefined) {
    this.#cpu = cpu
  }

  get atEnd(): Promise<void> {
    return this.#ended.promise
  }

  see({ batch }: EachBatchPayload): void {
    for (const { value } of batch.messages) {
      const number = numberOf(value)
      if (number !== this.#next) this.#wrong ??= `got the record ${number}, expected ${this.#next}`
      this.#next = number + 1
    }
    this.#start ??= this.#sample()
    if (BigInt(batch.lastOffset()) + 1n < BigInt(batch.highWatermark)) return
    this.#end ??= this.#sample()
    this.#ended.resolve()
  }

  #sample(): Sample {
    return { atMs: performance.now(), records: this.#next, cpu: this.#cpu() }
  }

  result(expected: number): ClientResult {
    const wrong = this.#wrong ?? (this.#next === expected ? undefined : `the topic ends with ${this.#next} records, expected ${expected}`)
    const [start, end] = [this.#start, this.#end]
    return {
      records: this.#next,
      measured: start && end ? end.records - start.records : 0,
      measuredMs: start && end ? end.atMs - start.atMs : NaN,
      cpu: start?.cpu && end?.cpu && cpuBetween(start.cpu, end.cpu),
      latencies: [],
      ...(wrong !== undefined && { wrong }),
    }
  }
}

/** How far the reader had got at one moment. */
interface Sample {
  readonly atMs: number
  readonly records: number
  readonly cpu: CpuSeconds | undefined
}
