import type { CountAnswer, CountQuestion } from '../client/ping-client.ts'
import { formatDuration } from '../formats/duration.ts'
import { grouped, type Output } from '../output/output.ts'
import { countDocument, originText } from './count-report.ts'

interface Look {
  readonly answer: CountAnswer
  /** performance.now() at the answer. */
  readonly at: number
}

/** Prints the counts of a watch, one line each, and at the end a summary. */
export class WatchReport {
  readonly #output: Output
  readonly #question: CountQuestion
  #first: Look | undefined
  #last: Look | undefined

  constructor(output: Output, question: CountQuestion) {
    this.#output = output
    this.#question = question
  }

  /** The last count that was printed. */
  get last(): bigint | undefined {
    return this.#last?.answer.count
  }

  print(answer: CountAnswer): void {
    const now: Look = { answer, at: performance.now() }
    this.#output.result({ time: Date.now(), ...countDocument(this.#question, answer) }, lineText(now, this.#last))
    this.#first ??= now
    this.#last = now
  }

  /** To standard error, after two counts or more. */
  summarize(): void {
    if (this.#first && this.#last && this.#last !== this.#first) this.#output.note(summaryText(this.#first, this.#last))
  }
}

function lineText(now: Look, last: Look | undefined): string {
  const time = new Date().toISOString().slice(11, 19)
  const more = last ? `  ${change(now.answer.count - last.answer.count)}` : ''
  return `${time}  ${grouped(now.answer.count)}${more}${originText(now.answer)}`
}

function summaryText(first: Look, last: Look): string {
  const more = last.answer.count - first.answer.count
  const ms = last.at - first.at
  const perSecond = ms > 0 ? Math.round((Number(more) / ms) * 1_000) : 0
  const counts = `${grouped(first.answer.count)} → ${grouped(last.answer.count)}`
  return `watched for ${formatDuration(ms)}: ${counts}, ${change(more)}, ${grouped(perSecond)} per second`
}

function change(by: bigint): string {
  return by < 0n ? `−${grouped(-by)}` : `+${grouped(by)}`
}
