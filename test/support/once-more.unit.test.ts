import { expect, test } from 'vitest'
import { onceMore } from './once-more.ts'
import { until } from './programs.ts'

const message = async (running: Promise<unknown>): Promise<string> => ((await running.catch((error: Error) => error)) as Error).message

test('a test whose wait ended runs once more', async () => {
  expect(await message(until('a reply', () => false, 1))).toMatch(onceMore.condition)
  expect('server was not ready after 40000 ms; its last output: …').toMatch(onceMore.condition)
  expect('Test timed out in 60000ms.\nIf this is a long-running test, …').toMatch(onceMore.condition)
})

test('a test that got a wrong value does not run once more', async () => {
  expect(await message((async () => expect(2).toBe(1))())).not.toMatch(onceMore.condition)
  expect(await message((async () => expect('not within 5 ms').toBe('within'))())).not.toMatch(onceMore.condition)
})
