import type { Reporter, TestModule } from 'vitest/node'

/** The result of the run; printed as its last line. */
const total = { passed: 0, failed: 0, skipped: 0 }
/** Tests that passed when they ran once more, each with the first failure: see once-more.ts. */
const secondRuns: string[] = []
/** Vitest loads the global setup and the configuration apart, each with its own copy of this module: hence global. */
const shared = globalThis as { pingLeftBehind?: readonly string[] }

/** Ends the output of `vitest run` with `N passed, N failed`, and `, N skipped` if any were. */
export class SummaryReporter implements Reporter {
  onInit(vitest: { config: { watch: boolean } }): void {
    if (!vitest.config.watch) process.once('exit', print)
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    Object.assign(total, { passed: 0, failed: unhandled.length, skipped: 0 })
    for (const module of modules) {
      const before = total.failed
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state !== 'pending') total[state]++
        if (state === 'passed' && (test.diagnostic()?.retryCount ?? 0) > 0) {
          secondRuns.push(`${module.relativeModuleId} > ${test.fullName}: ${test.result().errors?.[0]?.message}`)
        }
      }
      // A file that failed outside of its tests (an import, a hook) counts as one.
      if (!module.ok() && total.failed === before) total.failed++
    }
  }
}

/** Called by the global teardown with the processes that the run left running. */
export function finish(leftBehind: readonly string[]): void {
  shared.pingLeftBehind = leftBehind
}

function print(): void {
  const leaked = shared.pingLeftBehind ?? []
  if (leaked.length > 0) process.exitCode = 1
  for (const line of leaked) process.stdout.write(`left running by the tests: ${line}\n`)
  for (const line of secondRuns) process.stdout.write(`passed when it ran once more: ${line}\n`)
  const failed = total.failed + (leaked.length > 0 ? 1 : 0)
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
  process.stdout.write(`${total.passed} passed, ${failed} failed${skipped}\n`)
}
