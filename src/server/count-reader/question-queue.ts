/** Most questions of one batch. */
const MAX_BATCH = 256

interface Waiting<Question, Answer> {
  readonly question: Question
  readonly answered: PromiseWithResolvers<Answer>
}

/**
 * Answers questions together: those that arrive in the same turn of the event loop, and, while as many batches are under way as
 * may be, those that come meanwhile. Each question is part of a batch that begins after it was asked.
 */
export class Batches<Question, Answer> {
  readonly #answer: (questions: readonly Question[]) => Promise<readonly Answer[]>
  readonly #maxAtOnce: number
  readonly #waiting: Waiting<Question, Answer>[] = []
  #underWay = 0
  #beginning = false

  constructor(answer: (questions: readonly Question[]) => Promise<readonly Answer[]>, maxAtOnce: number) {
    this.#answer = answer
    this.#maxAtOnce = maxAtOnce
  }

  ask(question: Question): Promise<Answer> {
    const answered = Promise.withResolvers<Answer>()
    this.#waiting.push({ question, answered })
    if (this.#underWay < this.#maxAtOnce && !this.#beginning) {
      this.#beginning = true
      setImmediate(() => void this.#run())
    }
    return answered.promise
  }

  async #run(): Promise<void> {
    this.#beginning = false
    this.#underWay++
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_BATCH)
      try {
        const answers = await this.#answer(batch.map(({ question }) => question))
        batch.forEach(({ answered }, index) => answered.resolve(answers[index]!))
      } catch (error) {
        for (const { answered } of batch) answered.reject(error)
      }
    }
    this.#underWay--
  }
}
