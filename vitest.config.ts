import { defineConfig } from 'vitest/config'
import { SummaryReporter } from './test/support/summary.ts'

export default defineConfig({
  test: {
    // Not those that build images: see test/image/vitest.config.ts.
    include: ['test/**/*.{unit,int,e2e}.test.ts'],
    globalSetup: ['test/support/shared-parts.ts'],
    // Files start real parts: more at a time would only make each of them slower.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 90_000,
    reporters: ['default', new SummaryReporter()],
  },
})
