import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { SummaryReporter } from '../support/summary.ts'

/** The tier that builds the images and runs them: `npm run test:image`. */
export default defineConfig({
  root: join(import.meta.dirname, '..', '..'),
  test: {
    include: ['test/image/**/*.image.test.ts'],
    globalSetup: ['test/support/shared-parts.ts'],
    // Tests reuse what earlier ones have started.
    bail: 1,
    testTimeout: 120_000,
    // All images are built in one: about a minute, and several on a busy machine.
    hookTimeout: 1_200_000,
    reporters: ['verbose', new SummaryReporter()],
  },
})
