import { ConnectError } from '@connectrpc/connect'
import type { Command } from 'commander'
import type { Resource } from '../../gen/semaphore/v1/semaphore_pb.ts'
import { Backoff } from '../../runtime/retry.ts'
import { wait } from '../../runtime/wait.ts'
import { describeFailure, isFinal } from '../client/failures.ts'
import type { Context, Wiring } from '../context.ts'
import { CliError, EXIT, type ExitCode } from '../exit-codes.ts'
import { shownOn } from '../output/terminal.ts'
import { formattedArgument, resourceId } from './arguments.ts'
import { resourceDocument } from './documents.ts'
import { withSemaphore, type SemaphoreClient } from './semaphore-client.ts'
import { commandsTable, resourceLine } from './texts.ts'

const FIRST_PAUSE_MS = 200
const MAX_PAUSE_MS = 2_000

const EXAMPLES = `
On a terminal, the state is drawn again after each change. Otherwise each change is one line; with --json, one document.
If the server stops or is unreachable, pingcli reports it and tries again until Ctrl-C.

Examples:
  pingcli semaphore watch printer-1
  pingcli semaphore watch printer-1 --json | jq .waiting`

export function addWatch(parent: Command, { contextOf, end }: Wiring): void {
  parent
    .command('watch')
    .summary('watch a resource')
    .description('Shows the state of a resource at once, and again whenever it has changed, until Ctrl-C.')
    .addArgument(formattedArgument('<resource>', 'id of the resource', resourceId))
    .addHelpText('after', EXAMPLES)
    .action(async (id: string, _: object, command: Command) => {
      const context = contextOf(command)
      end(await withSemaphore(context, ({ client }) => watchUntilInterrupt(client, id, context)))
    })
}

async function watchUntilInterrupt(client: SemaphoreClient, id: string, context: Context): Promise<ExitCode> {
  const { interrupt, output } = context
  const show = context.terminal.escapes && process.stdout.isTTY && !output.json ? redrawing(context) : appending(context)
  const pause = new Backoff(FIRST_PAUSE_MS, MAX_PAUSE_MS)
  while (!interrupt.asked.aborted) {
    try {
      for await (const { resource } of client.watch({ resourceId: id }, { signal: interrupt.asked })) {
        if (resource !== undefined) show(resource)
        pause.reset()
      }
    } catch (caught) {
      const error = ConnectError.from(caught)
      if (interrupt.asked.aborted) break
      if (isFinal(error)) throw new CliError(EXIT.refused, `refused: ${describeFailure(error)}`, { cause: error })
      output.note(`${describeFailure(error)}; retrying`)
    }
    await wait(pause.next(), interrupt.asked)
  }
  return interrupt.exitCode() ?? EXIT.ok
}

function appending({ output }: Context): (resource: Resource) => void {
  return resource => {
    const time = new Date()
    output.result({ time: time.getTime(), ...resourceDocument(resource) }, `${time.toISOString().slice(11, 23)}  ${resourceLine(resource)}`)
  }
}

/** Draws over what it drew before: moves up to its first line, and erases from there. */
function redrawing({ terminal }: Context): (resource: Resource) => void {
  let drawn = 0
  return resource => {
    const { holders } = resource
    const lines = [
      resourceLine({ ...resource, holders: [] }),
      ...(holders.length > 0 ? commandsTable(holders, Date.now()).split('\n') : []),
    ]
    // What does not fit could not be erased.
    const fitting = lines.slice(0, Math.max(1, (process.stdout.rows || lines.length + 1) - 1))
    const columns = process.stdout.columns || Infinity
    const text = fitting.map(line => shownOn(terminal, line).slice(0, columns - 1)).join('\n')
    process.stdout.write(`${drawn > 0 ? `\u001B[${drawn}A` : ''}\u001B[J${text}\n`)
    drawn = fitting.length
  }
}
