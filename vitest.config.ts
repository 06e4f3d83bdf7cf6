import { defineConfig } from 'vitest/config'
import { parseDepth } from './test/support/depth.ts'
import { LongestFirst } from './test/support/longest-first.ts'
import { onceMore } from './test/support/once-more.ts'
import { SummaryReporter } from './test/support/summary.ts'

// A wrong TEST_DEPTH ends the run here. Otherwise only the files that read it would fail.
parseDepth(process.env)

/** A tier runs after the ones before it, by its name's place in the alphabet: what only computes runs at the end. */
const tier = (name: 'e2e' | 'int' | 'unit') => ({
  extends: true as const,
  test: {
    name,
    include: [`test/**/*.${name}.test.ts`],
    retry: name === 'unit' ? 0 : onceMore,
    testTimeout: 60_000,
    hookTimeout: 90_000,
  },
})

export default defineConfig({
  test: {
    globalSetup: ['test/support/shared-parts.ts'],
    // Files wait for the parts that they start about as much as they compute: three keep two cores busy.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // The default of 1 s is too short for a busy machine.
    expect: { poll: { timeout: 20_000, interval: 20 } },
    reporters: ['default', new SummaryReporter()],
    // Not the files that build images: see test/image/vitest.config.ts. Each file has a process of its own, so none can disturb another.
    projects: [tier('e2e'), tier('int'), tier('unit')],
  },
})
