import type { Command, Commands, Context } from './command.ts'
import { connection } from './commands/connection.ts'
import { hashes } from './commands/hashes.ts'
import { keys } from './commands/keys.ts'
import { scripting } from './commands/scripting.ts'
import { server } from './commands/server.ts'
import { strings } from './commands/strings.ts'
import { transactions } from './commands/transactions.ts'
import { CommandError, type Reply } from './reply.ts'
import type { Session } from './session.ts'
import type { Store } from './store.ts'

const COMMANDS = new Map<string, Command>(
  [connection, server, keys, strings, hashes, transactions, scripting].flatMap((commands: Commands) => Object.entries(commands)),
)

/** Runs one command of a client, or queues it inside MULTI. Never throws: what goes wrong is the reply. */
export function execute(store: Store, session: Session, args: readonly string[]): Reply {
  store.commandsProcessed++
  return answered(() => {
    const command = find(args, session)
    if (session.queue && !command.inMulti) {
      session.queue.push(args)
      return { status: 'QUEUED' }
    }
    return command.run(contextOf(store, session), args.slice(1))
  })
}

/** As EXEC or a script calls it: at once. */
function executeInner(store: Store, session: Session, args: readonly string[]): Reply {
  return answered(() => find(args, session).run(contextOf(store, session), args.slice(1)))
}

function contextOf(store: Store, session: Session): Context {
  const call = (args: readonly string[]) => executeInner(store, session, args)
  const callInScript = (args: readonly string[]) => {
    const refused = refusedInScript(args)
    return refused === undefined ? call(args) : { error: refused }
  }
  return { store, session, call, callInScript }
}

function find(args: readonly string[], session: Session): Command {
  const name = args[0]?.toLowerCase() ?? ''
  const command = COMMANDS.get(name)
  const wrong = !command ? unknown(args) : fits(command.arity, args.length) ? undefined : `ERR wrong number of arguments for '${name}' command`
  if (command && wrong === undefined) return command
  if (session.queue) session.queueFailed = true
  throw new CommandError(wrong)
}

function unknown(args: readonly string[]): string {
  const shown = args.slice(1, 20).map(arg => `'${arg.slice(0, 128)}' `).join('')
  return `ERR unknown command '${args[0]?.slice(0, 128)}', with args beginning with: ${shown}`
}

function fits(arity: number, count: number): boolean {
  return arity >= 0 ? count === arity : count >= -arity
}

function answered(run: () => Reply): Reply {
  try {
    return run()
  } catch (error) {
    if (error instanceof CommandError) return { error: error.message }
    throw error
  }
}

/** What a script may not call, and why, in the words of Redis; undefined when it may. */
function refusedInScript(args: readonly string[]): string | undefined {
  const command = COMMANDS.get(args[0]?.toLowerCase() ?? '')
  if (!command) return 'ERR Unknown Redis command called from script'
  if (!fits(command.arity, args.length)) return 'ERR Wrong number of args calling Redis command from script'
  return command.noScript ? 'ERR This Redis command is not allowed from script' : undefined
}
