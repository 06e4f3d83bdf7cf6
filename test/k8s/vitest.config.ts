import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { SummaryReporter } from '../support/summary.ts'

/** What needs tools beyond npm, or a cluster: `npm run test:k8s`. */
export default defineConfig({
  root: join(import.meta.dirname, '..', '..'),
  test: {
    include: ['test/k8s/**/*.k8s.test.ts'],
    globalSetup: ['test/support/shared-parts.ts'],
    testTimeout: 180_000,
    // The validator is built from its sources the first time.
    hookTimeout: 600_000,
    reporters: ['verbose', new SummaryReporter()],
  },
})
