import { defineConfig } from 'vitest/config'
import { SummaryReporter } from './test/support/summary.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/shared-parts.ts'],
    // Files start real parts: more at a time would only make each of them slower.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 90_000,
    reporters: ['default', new SummaryReporter()],
  },
})
