import type { Output } from '../output/output.ts'
import { secondsText } from './ms-text.ts'
import type { RttPlan } from './plan.ts'
import { documentOf } from './probe-documents.ts'
import type { Outcome } from './probe-events.ts'
import { lineOf, type LineOptions } from './probe-lines.ts'
import type { Ground } from './road.ts'
import type { Statistics } from './statistics.ts'
import { summaryDocument, summaryText, type Summary } from './summary.ts'

/** Writes what happens in a run, as lines or as JSON. */
export class Reporter {
  readonly #output: Output
  readonly #options: LineOptions
  readonly #isFlood: boolean
  readonly #statistics: Statistics

  constructor(output: Output, plan: RttPlan, statistics: Statistics) {
    this.#output = output
    this.#options = { acks: plan.acks !== 0, to: plan.to, waitMs: plan.waitMs }
    this.#isFlood = plan.flood !== undefined
    this.#statistics = statistics
  }

  begin(plan: RttPlan, { brokers, partitions }: Pick<Ground, 'brokers' | 'partitions'>): void {
    const { topic, bytes, intervalMs, flood, to } = plan
    const acks = plan.acks === -1 ? 'all' : String(plan.acks)
    const pace =
      flood === undefined
        ? intervalMs === 1_000
          ? '1/s'
          : `1 every ${secondsText(intervalMs)}`
        : `flood (closed loop), ${flood} in flight`
    const text = `RTT ${topic} via ${counted(brokers, 'broker')}, ${counted(partitions, 'partition')}, acks=${acks}, ${bytes} bytes, ${pace}  (ms)`
    const loop = flood === undefined ? { loop: 'open', intervalMs } : { loop: 'closed', inFlight: flood }
    this.#output.result({ event: 'start', topic, brokers, partitions, acks, bytes, ...loop, to: to ?? null }, text)
  }

  /** With --flood, a probe without any fault has no line. */
  outcome(outcome: Outcome): void {
    if (outcome.kind === 'answer') this.#statistics.answered(outcome.answer.from)
    if (outcome.kind === 'done' && outcome.probe.answers[0]) this.#statistics.answered(outcome.probe.answers[0].from)
    if (this.#isFlood && isOrdinary(outcome)) return
    const [document, text] = [documentOf(outcome), lineOf(outcome, this.#options)]
    if (document && text !== undefined) this.#output.result(document, text)
  }

  /** The leaders cannot be asked any more, with the reason; or can again. */
  trouble(reason: string | undefined): void {
    if (reason === undefined) this.#output.result({ event: 'recovered' }, 'the leaders are known again')
    else this.#output.result({ event: 'trouble', reason }, `the leaders are unknown: ${reason}`)
  }

  end(summary: Summary): void {
    this.#output.result(summaryDocument(summary), summaryText(summary))
  }
}

function isOrdinary(outcome: Outcome): boolean {
  if (outcome.kind === 'answer') return !outcome.probe.damaged && !outcome.probe.reordered
  return outcome.kind === 'done' && outcome.isWhole && !outcome.probe.reordered && !outcome.probe.damaged
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
