import { int64, SYNTAX_ERROR } from '../arguments.ts'
import type { Command, Commands, Context } from '../command.ts'
import { CommandError, OK, type Reply } from '../reply.ts'
import { DATABASES } from '../keyspace.ts'
import { REDIS_VERSION, SERVER_NAME } from '../identity.ts'

const NO_PASSWORD =
  'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?'

export const connection: Commands = {
  ping: { arity: -1, run: (_, [message]) => message ?? { status: 'PONG' } },
  echo: { arity: 2, run: (_, [message = '']) => message },
  quit: {
    arity: -1,
    noScript: true,
    inMulti: true,
    run: ({ session }) => {
      session.closing = true
      return OK
    },
  },
  select: {
    arity: 2,
    run: ({ session }, [number = '']) => {
      const index = Number(int64(number))
      if (index < 0 || index >= DATABASES) throw new CommandError('ERR DB index is out of range')
      session.database = index
      return OK
    },
  },
  auth: { arity: -2, noScript: true, run: (_, args) => authenticate(args) },
  hello: { arity: -1, noScript: true, run: hello },
  reset: {
    arity: 1,
    noScript: true,
    inMulti: true,
    run: ({ session }) => {
      Object.assign(session, { queue: undefined, queueFailed: false, database: 0, name: '', protocol: 2 })
      session.unwatch()
      return { status: 'RESET' }
    },
  },
  client: { arity: -2, noScript: true, run: (context, [name = '', ...args]) => client(context, name, args) },
}

/** There is no password here: as a Redis without one, only the default user gets in, with any. */
function authenticate(args: readonly string[]): Reply {
  if (args.length === 1) throw new CommandError(NO_PASSWORD)
  if (args.length !== 2) throw new CommandError(SYNTAX_ERROR)
  if (args[0] !== 'default') throw new CommandError('WRONGPASS invalid username-password pair or user is disabled.')
  return OK
}

/** HELLO [2 | 3 [AUTH name password] [SETNAME name]] */
function hello({ session }: Context, [version, ...options]: readonly string[]): Reply {
  if (version !== undefined && version !== '2' && version !== '3') throw new CommandError('NOPROTO unsupported protocol version')
  let name: string | undefined
  for (let i = 0; i < options.length; i++) {
    const option = options[i]?.toUpperCase()
    if (option === 'AUTH' && i + 2 < options.length) authenticate([options[++i] as string, options[++i] as string])
    else if (option === 'SETNAME' && i + 1 < options.length) name = options[++i]
    else throw new CommandError(`ERR Syntax error in HELLO option '${options[i]}'`)
  }
  if (version) session.protocol = version === '3' ? 3 : 2
  if (name !== undefined) session.name = name
  return {
    pairs: ['server', SERVER_NAME, 'version', REDIS_VERSION, 'proto', session.protocol, 'id', session.id, 'mode', 'standalone', 'role', 'master', 'modules', []],
  }
}

const CLIENT: Readonly<Record<string, Command['run']>> = {
  id: ({ session }) => session.id,
  getname: ({ session }) => session.name || null,
  setname: ({ session }, [name = '']) => {
    if (/[^!-~]/.test(name)) throw new CommandError('ERR Client names cannot contain spaces, newlines or special characters.')
    session.name = name
    return OK
  },
  setinfo: () => OK,
  info: ({ session }) => session.describe(),
  list: ({ store }) => [...store.sessions].map(session => session.describe()).join(''),
  'no-evict': () => OK,
  'no-touch': () => OK,
}

function client(context: Context, name: string, args: readonly string[]): Reply {
  const run = CLIENT[name.toLowerCase()]
  if (!run) throw new CommandError(`ERR unknown subcommand '${name}'. Try CLIENT HELP.`)
  return run(context, args)
}
