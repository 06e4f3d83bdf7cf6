import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { addAbortSignal } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { Command } from 'commander'
import { shownText } from '../../runtime/shown-text.ts'
import { uuidV7 } from '../../runtime/uuid-v7.ts'
import type { Context, Wiring } from '../context.ts'
import { CliError, EXIT } from '../exit-codes.ts'
import { wholeNumber } from '../formats/whole-number.ts'
import { formatted } from '../options.ts'
import { commandId, formattedArgument, resourceId } from './arguments.ts'
import { stateName } from './documents.ts'
import { withSemaphore } from './semaphore-client.ts'
import { idText } from './texts.ts'

interface SubmitOptions {
  readonly id?: string
  readonly priority: number
  readonly data?: string
  readonly file?: string
}

const EXAMPLES = `
The command is the text of --data, the bytes of --file, or the bytes of standard input. The semaphore does not read it.
While the queue is full, pingcli tries again with the same id until --timeout.

Output: the ids, and whether the command runs or waits. With --json: {"resourceId","commandId","repeated","state","place","token"}.

Examples:
  pingcli semaphore submit printer-1 --data 'This is a message.'
  pingcli semaphore submit printer-1 --id job-17 --priority 9 --file job.bin
  echo hello | pingcli semaphore submit                a new resource with a random id`

export function addSubmit(parent: Command, { contextOf, end }: Wiring): void {
  parent
    .command('submit')
    .summary('submit a command to a resource')
    .description('Submits a command to a resource, and exits when it is stored: it runs, or it waits for its turn.')
    .addArgument(formattedArgument('[resource]', 'id of the resource (default: a new one with a random id)', resourceId))
    .addOption(formatted('--id <id>', 'id of the command; an id is accepted only once (default: a new UUIDv7)', commandId))
    .addOption(formatted('--priority <number>', '0 to 9; 9 is the most urgent', wholeNumber(0, 9)).default(0))
    .option('--data <text>', 'the command as text')
    .option('--file <file>', 'file with the command')
    .addHelpText('after', EXAMPLES)
    .action(async (resource: string | undefined, options: SubmitOptions, command: Command) => {
      if (options.data !== undefined && options.file !== undefined)
        command.error("error: option '--data <text>' cannot be used with option '--file <file>'. Got both, expected one of them.")
      const context = contextOf(command)
      const payload = await payloadOf(options, context)
      // The ids are made here, so that every try has the same.
      const request = { resourceId: resource ?? randomUUID(), commandId: options.id ?? uuidV7(), payload, priority: options.priority }
      await withSemaphore(context, async caller => {
        const { repeated, state, place, token } = await caller.call((client, call) => client.submit(request, call))
        const ids = { resourceId: request.resourceId, commandId: request.commandId }
        const what = token === undefined ? `place ${place}` : `token ${token}`
        const text = `${idText(ids.commandId)}  ${idText(ids.resourceId)}  ${stateName(state)} (${what}${repeated ? ', submitted before' : ''})`
        context.output.result({ ...ids, repeated, state: stateName(state), place, token }, text)
      })
      end(EXIT.ok)
    })
}

async function payloadOf({ data, file }: SubmitOptions, context: Context): Promise<Uint8Array> {
  if (data !== undefined) return new TextEncoder().encode(data)
  if (file === undefined) return await standardInput(context)
  try {
    return readFileSync(file)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new CliError(EXIT.usage, `--file: got ${shownText(file)}, expected a file that can be read (${why})`, { cause: error })
  }
}

async function standardInput({ interrupt }: Context): Promise<Uint8Array> {
  try {
    return await buffer(addAbortSignal(interrupt.asked, process.stdin))
  } catch (error) {
    const exitCode = interrupt.exitCode()
    if (exitCode !== undefined) throw new CliError(exitCode, 'interrupted; nothing was submitted', { cause: error })
    const why = error instanceof Error ? error.message : String(error)
    throw new CliError(EXIT.usage, `standard input: got ${shownText(why)}, expected the command`, { cause: error })
  }
}
