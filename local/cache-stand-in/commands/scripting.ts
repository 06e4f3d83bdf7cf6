import { int64 } from '../arguments.ts'
import type { Command, Commands, Context } from '../command.ts'
import { CommandError, OK, type Reply } from '../reply.ts'

const NO_SCRIPT = 'NOSCRIPT No matching script. Please use EVAL.'

export const scripting: Commands = {
  eval: { arity: -3, noScript: true, run: (context, [source = '', ...rest]) => run(context, context.store.scripts.load(source), rest) },
  evalsha: {
    arity: -3,
    noScript: true,
    run: (context, [sha = '', ...rest]) => {
      if (!context.store.scripts.has(sha)) throw new CommandError(NO_SCRIPT)
      return run(context, sha.toLowerCase(), rest)
    },
  },
  script: { arity: -2, noScript: true, run: (context, [name = '', ...args]) => script(context, name, args) },
}

function run(context: Context, sha: string, [count = '', ...args]: readonly string[]): Reply {
  const keys = Number(int64(count))
  if (keys < 0) throw new CommandError(`ERR Number of keys can't be negative`)
  if (keys > args.length) throw new CommandError(`ERR Number of keys can't be greater than number of args`)
  const { database } = context.session
  const reply = context.store.scripts.run(sha, { keys: args.slice(0, keys), argv: args.slice(keys), call: context.callInScript })
  context.session.database = database // a SELECT inside a script ends with it
  return reply
}

const SCRIPT: Readonly<Record<string, Command['run']>> = {
  load: ({ store }, [source = '']) => store.scripts.load(source),
  exists: ({ store }, shas) => shas.map(sha => Number(store.scripts.has(sha))),
  flush: ({ store }) => {
    store.scripts.flush()
    return OK
  },
  // Scripts run to their end in one go: there is never one to kill when this command is read.
  kill: () => {
    throw new CommandError('NOTBUSY No scripts in execution right now.')
  },
}

function script(context: Context, name: string, args: readonly string[]): Reply {
  const subcommand = SCRIPT[name.toLowerCase()]
  if (!subcommand) throw new CommandError(`ERR unknown subcommand '${name}'. Try SCRIPT HELP.`)
  return subcommand(context, args)
}
