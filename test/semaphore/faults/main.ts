/** `npm run faults:semaphore -- --runs N --seed S`: only the fault tests of the semaphore, for longer, or again with the same seed. */
import { runFaultTests, RUNS, SEED } from '../../faults/run-fault-tests.ts'
import { COMMANDS, RESOURCES } from './settings.ts'

runFaultTests({
  name: 'npm run faults:semaphore',
  folders: ['test/semaphore/faults/'],
  options: [
    RUNS,
    SEED,
    { name: 'resources', what: 'number of resources', variable: RESOURCES, min: 1 },
    { name: 'commands', what: 'commands of each', variable: COMMANDS, min: 1 },
  ],
})
