import { expect, test } from 'vitest'
import { againUntil } from './again-until.ts'
import { untilQuick } from './until-quick.ts'

const waste = (ms: number) => {
  for (const fromMs = performance.now(); performance.now() - fromMs < ms;);
}

test('an attempt is made again until its result is as expected', async () => {
  let tries = 0
  expect(
    await againUntil(
      async () => ++tries,
      result => result === 2,
    ),
  ).toBe(2)
  expect(tries).toBe(2)
})

test('if no attempt has the expected result, the last result is returned after a while', async () => {
  let tries = 0
  const never = (goOnForMs: number) =>
    againUntil(
      async () => ++tries,
      () => false,
      goOnForMs,
    )
  expect(await never(0)).toBe(3)
  expect(await never(5)).toBeGreaterThan(3)
})

test('a quick attempt decides, whether it succeeds or fails', async () => {
  expect(await untilQuick(60_000, async () => 1)).toBe(1)
  await expect(untilQuick(60_000, async () => expect(2).toBe(1))).rejects.toThrow('expected 2 to be 1')
})

test('a slow attempt is made again', async () => {
  let tries = 0
  const attempt = async () => {
    if (++tries === 1) waste(60)
    return tries
  }
  expect(await untilQuick(50, attempt)).toBeGreaterThan(1)
})

test('if no attempt is quick, the error says how long they took, and why the last one failed', async () => {
  const slow = untilQuick(1, async () => {
    waste(2)
    throw new Error('the answer is wrong')
  })
  await expect(slow).rejects.toThrow(
    /^not within 1 ms: one of 20 attempts, the quickest of which took \d+ ms; the last one failed: the answer is wrong$/,
  )
})
