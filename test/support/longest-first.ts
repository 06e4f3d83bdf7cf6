import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Seconds of the longest files where TEST_DEPTH is `thorough`: by its size alone, one of them would run at the end, when all others are done. */
export const LONGEST: Readonly<Record<string, number>> = {
  'test/faults/kill.e2e.test.ts': 110,
  'test/local/start.e2e.test.ts': 70,
  'test/broker/crash/crash.e2e.test.ts': 60,
  'test/semaphore/faults/kill.e2e.test.ts': 56,
  'test/semaphore/faults/planted-bugs.e2e.test.ts': 55,
  'test/local/whole.e2e.test.ts': 55,
  'test/faults/frozen.e2e.test.ts': 54,
  'test/local/stop.e2e.test.ts': 50,
  'test/page/page.e2e.test.ts': 45,
  'test/pong/failures.e2e.test.ts': 43,
  'test/local/restart.e2e.test.ts': 40,
  'test/docs/commands.e2e.test.ts': 33,
  'test/cli/rtt/rtt.e2e.test.ts': 32,
  'test/e2e/one-ping.e2e.test.ts': 30,
  'test/semaphore/flow/parts-down.e2e.test.ts': 30,
  'test/faults/without-tick.e2e.test.ts': 29,
  'test/cli/rtt/rtt-failures.e2e.test.ts': 29,
  'test/local/extras.e2e.test.ts': 29,
  'test/faults/failover.e2e.test.ts': 25,
  'test/conformance/conformance.int.test.ts': 50,
  'test/processor/side-by-side.int.test.ts': 38,
  'test/relay/kafka-faults.int.test.ts': 37,
  'test/processor/flushing.int.test.ts': 31,
  'test/relay/faulty-broker.int.test.ts': 28,
  'test/relay/relay.int.test.ts': 28,
  'test/cli/ping.int.test.ts': 25,
  'test/server/program.int.test.ts': 25,
  'test/processor/planted-bugs.unit.test.ts': 26,
  'test/k8s/mistakes.unit.test.ts': 22,
  'test/semaphore/model/exploration.unit.test.ts': 15,
  'test/pong/exploration/exploration.unit.test.ts': 10,
  'test/processor/simulation.unit.test.ts': 9,
}

/** Orders files as Vitest does without a cache of durations, but in each tier those that take longest come first. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const seconds = ({ moduleId }: TestSpecification) => LONGEST[relative(this.ctx.config.root, moduleId)] ?? 0
    const sorted = await super.sort(files)
    const tiers = [...new Set(sorted.map(({ project }) => project.name))]
    return tiers.flatMap(tier => sorted.filter(({ project }) => project.name === tier).toSorted((a, b) => seconds(b) - seconds(a)))
  }
}
