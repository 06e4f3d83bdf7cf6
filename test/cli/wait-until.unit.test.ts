import { expect, test } from 'vitest'
import { waitUntil } from '../../src/cli/run/wait-until.ts'
import { wait } from '../../src/runtime/wait.ts'

test('waitUntil waits for a time that is later than a timer can wait', async () => {
  const ended = new AbortController()
  let isOver = false
  const waited = waitUntil(performance.now() + 2 ** 32, ended.signal).then(() => (isOver = true))
  await wait(50)
  expect(isOver).toBe(false)
  ended.abort()
  await waited
})
