import type { Command } from 'commander'
import type { Command as SemaphoreCommand } from '../../gen/semaphore/v1/semaphore_pb.ts'
import type { Context, Wiring } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { wholeNumber } from '../formats/whole-number.ts'
import { formatted } from '../options.ts'
import { commandId, formattedArgument, resourceId } from './arguments.ts'
import { commandDocument, resourceDocument } from './documents.ts'
import { withSemaphore } from './semaphore-client.ts'
import { commandsTable, resourceLine, resourcesTable } from './texts.ts'

const MAX_SHOWN = 1_000_000
const MAX_PAGE = 1_000
const DEFAULT_SHOWN = 100

interface NumberOption {
  readonly number: number
}

/** One page of a list. */
interface Page<T> {
  readonly items: readonly T[]
  readonly nextPageToken: string
}

function addNumber(command: Command, what: string): Command {
  return command.addOption(formatted('-n, --number <count>', `maximum number of ${what}`, wholeNumber(1, MAX_SHOWN)).default(DEFAULT_SHOWN))
}

export function addResources(parent: Command, { contextOf, end }: Wiring): void {
  addNumber(parent.command('resources'), 'resources')
    .summary('list the resources')
    .description(
      'Lists the resources by id: how many commands run and wait, of how many that may; and how many were ever accepted and granted.',
    )
    .action(async ({ number }: NumberOption, command: Command) => {
      const context = contextOf(command)
      await withSemaphore(context, async caller => {
        const { items, isAll } = await readPages(number, async page => {
          const { resources, nextPageToken } = await caller.call((client, call) => client.listResources(page, call))
          return { items: resources, nextPageToken }
        })
        if (context.output.json) for (const item of items) context.output.result(resourceDocument(item), '')
        else context.output.result({}, items.length === 0 ? 'no resources' : resourcesTable(items))
        noteMore(context, items.length, isAll)
      })
      end(EXIT.ok)
    })
}

export function addQueue(parent: Command, { contextOf, end }: Wiring): void {
  addNumber(parent.command('queue'), 'waiting commands')
    .summary('show what runs and what waits for a resource')
    .description('Shows the commands that run, and then those that wait, in the order of their turns.')
    .addArgument(formattedArgument('<resource>', 'id of the resource', resourceId))
    .action(async (id: string, { number }: NumberOption, command: Command) => {
      const context = contextOf(command)
      await withSemaphore(context, async caller => {
        const { resource } = await caller.call((client, call) => client.getResource({ resourceId: id }, call))
        const { items, isAll } = await readPages(number, async page => {
          const answer = await caller.call((client, call) => client.listQueue({ resourceId: id, ...page }, call))
          return { items: answer.commands, nextPageToken: answer.nextPageToken }
        })
        showCommands(context, [...(resource?.holders ?? []), ...items], resource && resourceLine({ ...resource, holders: [] }))
        noteMore(context, items.length, isAll)
      })
      end(EXIT.ok)
    })
}

export function addShow(parent: Command, { contextOf, end }: Wiring): void {
  parent
    .command('show')
    .summary('show a command')
    .description('Shows the state of a command.')
    .addArgument(formattedArgument('<command>', 'id of the command', commandId))
    .action(async (id: string, _: object, command: Command) => {
      const context = contextOf(command)
      await withSemaphore(context, async caller => {
        const { command: found, ahead } = await caller.call((client, call) => client.getCommand({ commandId: id }, call))
        if (found === undefined) return
        const text = commandsTable([found], Date.now())
        context.output.result({ ...commandDocument(found), ahead }, ahead === undefined ? text : `${text}\n${ahead} before it`)
      })
      end(EXIT.ok)
    })
}

function showCommands({ output }: Context, commands: readonly SemaphoreCommand[], heading: string | undefined): void {
  if (output.json) for (const one of commands) output.result(commandDocument(one), '')
  else output.result({}, [heading ?? '', ...(commands.length === 0 ? [] : [commandsTable(commands, Date.now())])].join('\n'))
}

/** Reads pages until there are `number` items. */
async function readPages<T>(
  number: number,
  read: (page: { readonly pageSize: number; readonly pageToken: string }) => Promise<Page<T>>,
): Promise<{ readonly items: readonly T[]; readonly isAll: boolean }> {
  const items: T[] = []
  let pageToken = ''
  do {
    const page = await read({ pageSize: Math.min(MAX_PAGE, number - items.length), pageToken })
    items.push(...page.items)
    pageToken = page.nextPageToken
  } while (pageToken !== '' && items.length < number)
  return { items, isAll: pageToken === '' }
}

function noteMore({ output }: Context, shown: number, isAll: boolean): void {
  if (!isAll) output.note(`there are more than ${shown}: see -n`)
}
