import { shown } from './arguments.ts'
import { wrongArity, type Command, type Commands, type Context } from './command.ts'
import { connection } from './commands/connection.ts'
import { hashes } from './commands/hashes.ts'
import { keys } from './commands/keys.ts'
import { server } from './commands/server.ts'
import { strings } from './commands/strings.ts'
import { transactions } from './commands/transactions.ts'
import { REMEDY, SERVER_NAME } from './identity.ts'
import { bytesOf, MAX_REQUEST_BYTES } from './limits.ts'
import { CommandError, type Reply } from './reply.ts'
import { scripting } from './scripts/scripting.ts'
import type { Session } from './session.ts'
import type { Store } from './store.ts'

const COMMANDS = new Map<string, Command>(
  [connection, server, keys, strings, hashes, transactions, scripting].flatMap((commands: Commands) => Object.entries(commands)),
)
const FULL = `OOM command not allowed when used memory > 'maxmemory'.`

/** Runs one command of a client, or queues it inside MULTI. An error becomes the reply. */
export function execute(store: Store, session: Session, args: readonly string[]): Reply {
  store.commandsProcessed++
  store.usage.beginCommand()
  session.lastCommand = args[0]?.toLowerCase().slice(0, 32) ?? ''
  session.lastCommandAtMs = Date.now()
  return answered(() => {
    const command = find(store, session, args)
    if (!session.inMulti || command.inMulti) return command.run(contextOf(store, session), args.slice(1))
    session.enqueue(args)
    return { status: 'QUEUED' }
  })
}

/** Runs a queued command, for EXEC. */
function executeInner(store: Store, session: Session, args: readonly string[]): Reply {
  return answered(() => find(store, session, args).run(contextOf(store, session), args.slice(1)))
}

function contextOf(store: Store, session: Session): Context {
  return { store, session, call: args => executeInner(store, session, args) }
}

function find(store: Store, session: Session, args: readonly string[]): Command {
  const name = args[0]?.toLowerCase() ?? ''
  const command = COMMANDS.get(name)
  const objection = command ? objectionTo(name, command, store, session, args) : unknown(args)
  if (command && objection === undefined) return command
  if (name === 'exec') {
    session.endQueue()
    throw new CommandError(`EXECABORT Transaction discarded because of: ${objection?.replace(/^ERR /, '')}`)
  }
  if (session.inMulti) session.queueFailed = true
  throw new CommandError(objection)
}

function objectionTo(name: string, command: Command, store: Store, session: Session, args: readonly string[]): string | undefined {
  const { arity } = command
  if (arity >= 0 ? args.length !== arity : args.length < -arity) return wrongArity(name)
  if (command.grows && store.isFull(bytesOf(args))) return FULL
  const queued = session.inMulti && !command.inMulti && session.heldBytes + bytesOf(args) > MAX_REQUEST_BYTES
  return queued ? FULL : undefined
}

const MAX_LISTED = 128

/** Redis' text, and that a real Redis may know the command. */
function unknown([name = '', ...args]: readonly string[]): string {
  let listed = ''
  for (const arg of args) {
    if (listed.length >= MAX_LISTED) break
    listed += `'${shown(arg, MAX_LISTED - listed.length)}' `
  }
  return `ERR unknown command '${shown(name)}', with args beginning with: ${listed}(this is ${SERVER_NAME}, which has only the commands that Ping needs; for all of Redis, ${REMEDY})`
}

function answered(run: () => Reply): Reply {
  try {
    return run()
  } catch (error) {
    if (error instanceof CommandError) return { error: error.message }
    throw error
  }
}
