import { Option, type Command } from 'commander'
import { CancelMode, LimitName } from '../../gen/semaphore/v1/semaphore_pb.ts'
import type { Wiring } from '../context.ts'
import { EXIT } from '../exit-codes.ts'
import { duration, formatDuration } from '../formats/duration.ts'
import { wholeNumber } from '../formats/whole-number.ts'
import { formatted } from '../options.ts'
import { commandId, formattedArgument, grantRate, resourceId, token } from './arguments.ts'
import { limitsDocument, stateName } from './documents.ts'
import { withSemaphore } from './semaphore-client.ts'
import { idText, limitsText } from './texts.ts'

interface TokenOption {
  readonly token?: bigint
}

/** A subcommand whose arguments are a resource and a command of it. */
function addressed(parent: Command, name: string): Command {
  return parent
    .command(name)
    .addArgument(formattedArgument('<resource>', 'id of the resource', resourceId))
    .addArgument(formattedArgument('<command>', 'id of the command', commandId))
    .addOption(formatted('--token <number>', 'do it only if the command runs with this token', token))
}

export function addFinish(parent: Command, { contextOf, end }: Wiring): void {
  addressed(parent, 'finish')
    .summary('free the slot of a running command')
    .description('Frees the slot of a running command. To finish a finished command again changes nothing.')
    .action(async (resource: string, id: string, options: TokenOption, command: Command) => {
      const context = contextOf(command)
      await withSemaphore(context, async caller => {
        const request = { resourceId: resource, commandId: id, ...options }
        const { state, repeated, token: granted } = await caller.call((client, call) => client.finish(request, call))
        const document = { resourceId: resource, commandId: id, state: stateName(state), repeated, token: granted }
        context.output.result(document, `${idText(id)}  ${stateName(state)}${repeated ? ' (before)' : ''}`)
      })
      end(EXIT.ok)
    })
}

export function addExtend(parent: Command, { contextOf, end }: Wiring): void {
  addressed(parent, 'extend')
    .summary('extend the lease of a running command')
    .description('Starts the lease of a running command again.')
    .action(async (resource: string, id: string, options: TokenOption, command: Command) => {
      const context = contextOf(command)
      await withSemaphore(context, async caller => {
        const request = { resourceId: resource, commandId: id, ...options }
        const { leaseUntilMs } = await caller.call((client, call) => client.extend(request, call))
        const left = leaseUntilMs === undefined ? 'no lease' : `lease for ${formatDuration(Math.max(0, Number(leaseUntilMs) - Date.now()))}`
        context.output.result({ resourceId: resource, commandId: id, leaseUntilMs: leaseUntilMs ?? null }, `${idText(id)}  ${left}`)
      })
      end(EXIT.ok)
    })
}

export function addCancel(parent: Command, { contextOf, end }: Wiring): void {
  addressed(parent, 'cancel')
    .summary('cancel a command')
    .description('Removes a waiting command from its queue, or revokes the token of a running one and frees its slot.')
    .option('--confirmed', 'free the slot of a running command only when its holder finishes it, or its lease ends')
    .action(async (resource: string, id: string, options: TokenOption & { readonly confirmed?: true }, command: Command) => {
      const context = contextOf(command)
      await withSemaphore(context, async caller => {
        const { confirmed, ...given } = options
        const request = { resourceId: resource, commandId: id, ...given, mode: confirmed ? CancelMode.CONFIRMED : CancelMode.NOW }
        const { state, repeated, token: granted } = await caller.call((client, call) => client.cancel(request, call))
        const document = { resourceId: resource, commandId: id, state: stateName(state), repeated, token: granted }
        context.output.result(document, `${idText(id)}  ${stateName(state)}${repeated ? ' (before)' : ''}`)
      })
      end(EXIT.ok)
    })
}

interface LimitsOptions {
  readonly running?: number
  readonly waiting?: number
  readonly lease?: number
  readonly ageing?: number
  readonly rate?: { readonly count: number; readonly windowMs: bigint }
  readonly default?: readonly (keyof typeof RESET)[]
}

const MAX_LIMIT = 2 ** 31 - 1
const RESET = {
  running: LimitName.RUNNING,
  waiting: LimitName.WAITING,
  lease: LimitName.LEASE_MS,
  ageing: LimitName.AGEING_MS,
  rate: LimitName.RATE,
} as const

export function addLimits(parent: Command, { contextOf, end }: Wiring): void {
  parent
    .command('limits')
    .summary('change the limits of a resource')
    .description('Changes limits of a resource, and prints all of them. Lower limits revoke nothing. Without an option it changes nothing.')
    .addArgument(formattedArgument('<resource>', 'id of the resource', resourceId))
    .addOption(formatted('--running <count>', 'maximum number of commands that run at a time', wholeNumber(0, MAX_LIMIT)))
    .addOption(formatted('--waiting <count>', 'maximum number of commands that wait', wholeNumber(0, MAX_LIMIT)))
    .addOption(formatted('--lease <duration>', 'how long a holder may be silent; 0ms: no lease', duration(0)))
    .addOption(formatted('--ageing <duration>', 'how much earlier each level of priority puts a command in the queue', duration(0)))
    .addOption(formatted('--rate <rate>', 'maximum rate of grants, such as 10/1s', grantRate))
    .addOption(new Option('--default <limits...>', "limits that are the server's defaults again").choices(Object.keys(RESET)))
    .action(async (resource: string, options: LimitsOptions, command: Command) => {
      const { running, waiting, lease, ageing, rate } = options
      const reset = (options.default ?? []).map(name => RESET[name])
      const context = contextOf(command)
      await withSemaphore(context, async caller => {
        const request = {
          resourceId: resource,
          ...(running !== undefined && { running }),
          ...(waiting !== undefined && { waiting }),
          ...(lease !== undefined && { leaseMs: BigInt(Math.round(lease)) }),
          ...(ageing !== undefined && { ageingMs: BigInt(Math.round(ageing)) }),
          ...(rate !== undefined && { rate }),
          reset,
        }
        const { limits } = await caller.call((client, call) => client.setLimits(request, call))
        context.output.result({ resourceId: resource, ...limitsDocument(limits) }, limitsText(limits))
      })
      end(EXIT.ok)
    })
}
