/** Maximum number of questions that are answered together. */
const MAX_GROUP = 256

interface Waiting<Question, Answer> {
  readonly question: Question
  readonly answered: PromiseWithResolvers<Answer>
}

/**
 * Answers questions in groups: those that arrive in the same turn of the event loop, and those that arrive while the maximum
 * number of groups is under way. A question is always in a group that begins after the question was asked.
 */
export class QuestionQueue<Question, Answer> {
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
      const group = this.#waiting.splice(0, MAX_GROUP)
      try {
        const answers = await this.#answer(group.map(({ question }) => question))
        group.forEach(({ answered }, index) => answered.resolve(answers[index]!))
      } catch (error) {
        for (const { answered } of group) answered.reject(error)
      }
    }
    this.#underWay--
  }
}
