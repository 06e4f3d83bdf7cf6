/** `npm run faults:semaphore -- --runs N --seed S`: only the fault tests of the semaphore, for longer and with every planted bug, or again with the same seed. */
import { runFaultTests, RUNS, SEED } from '../../faults/run-fault-tests.ts'
import { COMMANDS, LONG, RESOURCES } from './settings.ts'

process.env[LONG] = 'true'

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
