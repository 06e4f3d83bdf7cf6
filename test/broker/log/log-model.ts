import { ERROR } from '../../../broker/errors.ts'

const KEPT_BATCHES = 5

export interface ModelBatch {
  readonly baseOffset: number
  readonly values: readonly string[]
  readonly times: readonly number[]
  readonly producer?: { readonly id: number; readonly epoch: number; readonly sequence: number }
}

/** The simplest possible model of a log: all batches ever appended, and the start of the readable part. */
export class LogModel {
  batches: ModelBatch[] = []
  start = 0
  /** What consumers may read. */
  shown = 0
  end = 0

  add(batch: Omit<ModelBatch, 'baseOffset'>): void {
    this.batches.push({ ...batch, baseOffset: this.end })
    this.end += batch.values.length
  }

  /** The log lost everything from `end`. */
  cut(end: number): void {
    this.batches = this.batches.filter(({ baseOffset, values }) => baseOffset + values.length <= end)
    this.end = end
  }

  /** All readable records from offset `from`, as `offset:value@time`. */
  content(from = this.start): string[] {
    return this.records()
      .filter(({ offset }) => offset >= from)
      .map(({ offset, value, time }) => `${offset}:${value}@${time}`)
  }

  records(): { offset: number; value: string; time: number }[] {
    const all = this.batches.flatMap(({ baseOffset, values, times }) =>
      values.map((value, index) => ({ offset: baseOffset + index, value, time: times[index]! })),
    )
    return all.filter(({ offset }) => offset >= this.start && offset < this.shown)
  }

  /** The offset of the original of an idempotent batch, the error code if it is refused, or undefined if it is new. */
  outcome(
    producer: NonNullable<ModelBatch['producer']>,
    count: number,
  ): { readonly again: number } | { readonly code: number } | undefined {
    const own = this.batches.filter(batch => batch.producer?.id === producer.id)
    const last = own.at(-1)
    if (!last?.producer) return undefined
    const { epoch } = last.producer
    if (producer.epoch < epoch) return { code: ERROR.INVALID_PRODUCER_EPOCH }
    if (producer.epoch > epoch) return producer.sequence === 0 ? undefined : { code: ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER }
    const kept = own.filter(batch => batch.producer?.epoch === epoch).slice(-KEPT_BATCHES)
    const same = kept.find(batch => batch.producer?.sequence === producer.sequence && batch.values.length === count)
    if (same) return { again: same.baseOffset }
    return producer.sequence === last.producer.sequence + last.values.length ? undefined : { code: ERROR.OUT_OF_ORDER_SEQUENCE_NUMBER }
  }
}
