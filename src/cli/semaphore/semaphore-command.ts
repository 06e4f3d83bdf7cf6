import type { Command } from 'commander'
import type { Wiring } from '../context.ts'
import { addCancel, addExtend, addFinish, addLimits } from './changes.ts'
import { addQueue, addResources, addShow } from './questions.ts'
import { addSubmit } from './submit.ts'
import { addWatch } from './watch.ts'

const EXAMPLES = `
Settings (environment): SEMAPHORE_ADDRESS, the address of the semaphore (default: http://127.0.0.1:8082); --address overrides it.
--protocol, --token-file, --ca-file, --cert-file, --key-file and --timeout are as for the other commands.

Exit codes: 0 done, also if it was done before; 3 no answer within --timeout, or the queue was full until then; 4 refused: the
resource or the command is unknown, the state of the command does not allow it, or the token is an old one.

Output: a table or a line. With --json, one document per line, with the names of the REST answers; queue and resources print one
document per command or resource.

Examples:
  pingcli semaphore submit printer-1 --data 'This is a message.'
  pingcli semaphore resources
  pingcli semaphore queue printer-1
  pingcli semaphore watch printer-1
  pingcli semaphore finish printer-1 0197a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b --token 17
  pingcli semaphore limits printer-1 --running 2 --lease 30s`

/** The commands of the semaphore: how many commands a resource gets at a time. */
export function addSemaphoreCommand(program: Command, wiring: Wiring): void {
  const parent = program
    .command('semaphore')
    .summary('submit commands to the semaphore, and see what runs and waits')
    .description('Submits, finishes and cancels commands of the semaphore, and shows what runs and what waits for a resource.')
    .addHelpText('after', EXAMPLES)
  addResources(parent, wiring)
  addQueue(parent, wiring)
  addShow(parent, wiring)
  addWatch(parent, wiring)
  addSubmit(parent, wiring)
  addFinish(parent, wiring)
  addExtend(parent, wiring)
  addCancel(parent, wiring)
  addLimits(parent, wiring)
}
