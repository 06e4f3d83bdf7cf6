import { expect, test, vi } from 'vitest'
import { QuestionQueue } from '../../src/server/count-reader/question-queue.ts'

/** A queue whose groups get ten times each question as their answers, when the test says so. */
function held(maxAtOnce = 1) {
  const begun: { questions: readonly number[]; end: () => void; fail: () => void }[] = []
  const queue = new QuestionQueue<number, number>(questions => {
    const answered = Promise.withResolvers<readonly number[]>()
    begun.push({
      questions,
      end: () => answered.resolve(questions.map(each => each * 10)),
      fail: () => answered.reject(new Error('unreachable')),
    })
    return answered.promise
  }, maxAtOnce)
  const untilBegun = (count: number) => vi.waitUntil(() => begun.length === count, { timeout: 20_000, interval: 1 })
  return { queue, begun, untilBegun }
}

test('questions that are asked in one turn of the event loop are answered together, each with its own answer', async () => {
  const { queue, begun, untilBegun } = held()
  const answers = [1, 2, 3].map(each => queue.ask(each))
  await untilBegun(1)
  begun[0]!.end()
  expect(await Promise.all(answers)).toEqual([10, 20, 30])
  expect(begun.map(({ questions }) => questions)).toEqual([[1, 2, 3]])
})

test('a question never joins a group that is under way, and the next group takes all that wait', async () => {
  const { queue, begun, untilBegun } = held()
  const first = queue.ask(1)
  await untilBegun(1)
  const later = [queue.ask(2), queue.ask(3)]
  await new Promise(resolve => setImmediate(resolve))
  expect(begun).toHaveLength(1)
  begun[0]!.end()
  expect(await first).toBe(10)
  await untilBegun(2)
  begun[1]!.end()
  expect(await Promise.all(later)).toEqual([20, 30])
  expect(begun[1]!.questions).toEqual([2, 3])
})

test('up to the maximum number of groups are under way, and one that fails fails no other', async () => {
  const { queue, begun, untilBegun } = held(2)
  const answers = []
  for (let asked = 1; asked <= 3; asked++) {
    answers.push(queue.ask(asked))
    await new Promise(resolve => setImmediate(resolve))
  }
  await untilBegun(2)
  begun[1]!.fail()
  await expect(answers[1]).rejects.toThrow('unreachable')
  await untilBegun(3)
  begun[2]!.end()
  begun[0]!.end()
  expect(await Promise.all([answers[0], answers[2]])).toEqual([10, 30])
})

test('a group takes up to 256 questions', async () => {
  const { queue, begun, untilBegun } = held()
  const answers = Promise.all(Array.from({ length: 300 }, (_, each) => queue.ask(each)))
  await untilBegun(1)
  begun[0]!.end()
  await untilBegun(2)
  begun[1]!.end()
  expect((await answers).at(-1)).toBe(2_990)
  expect(begun.map(({ questions }) => questions.length)).toEqual([256, 44])
})
