import { describe } from 'vitest'

/**
 * Groups of tests that mostly wait, one for each case: the groups run at the same time, the tests of a group one after the other. Tests
 * in it use no `expect.poll`, `onTestFinished` or `vi`, which belong to the test that began last.
 */
export function sideBySide<T>(cases: readonly T[], title: (each: T) => string, define: (each: T) => void): void {
  for (const each of cases) {
    describe.concurrent(title(each), () => {
      describe('in turn', { concurrent: false }, () => define(each))
    })
  }
}
