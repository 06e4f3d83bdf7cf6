/** `npm run faults -- --runs N --seed S`: only the fault tests, the broker's crashes and those that `pingcli rtt` sees included, with more kills, or again with the same seed. */
import { runFaultTests, RUNS, SEED } from './run-fault-tests.ts'

runFaultTests({
  name: 'npm run faults',
  folders: ['test/faults/', 'test/broker/crash/', 'test/cli/rtt/rtt-failures'],
  options: [RUNS, SEED],
})
