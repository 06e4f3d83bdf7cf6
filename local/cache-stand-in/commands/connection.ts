import { int64, shown, SYNTAX_ERROR } from '../arguments.ts'
import type { Command, Commands, Context } from '../command.ts'
import { REDIS_VERSION, SERVER_NAME } from '../identity.ts'
import { DATABASES } from '../keyspace.ts'
import { CommandError, OK, type Reply } from '../reply.ts'
import { subcommands } from './subcommands.ts'

const NO_PASSWORD =
  'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?'
const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.'
/** What C's `int` holds: SELECT reads one. */
const INT_MAX = 2n ** 31n - 1n

export const connection: Commands = {
  ping: {
    arity: -1,
    run: (_, args) => {
      if (args.length > 1) throw new CommandError(`ERR wrong number of arguments for 'ping' command`)
      return args[0] ?? { status: 'PONG' }
    },
  },
  echo: { arity: 2, run: (_, [message = '']) => message },
  quit: {
    arity: -1,
    inMulti: true,
    run: ({ session }) => {
      session.closing = true
      return OK
    },
  },
  select: {
    arity: 2,
    run: ({ session }, [number = '']) => {
      const index = int64(number)
      if (index > INT_MAX || index < -INT_MAX - 1n)
        throw new CommandError(`ERR value is out of range, value must between ${-INT_MAX - 1n} and ${INT_MAX}`)
      if (index < 0n || index >= BigInt(DATABASES)) throw new CommandError('ERR DB index is out of range')
      session.database = Number(index)
      return OK
    },
  },
  auth: {
    arity: -2,
    run: (_, args) => {
      if (args.length > 2) throw new CommandError(SYNTAX_ERROR)
      if (args.length === 1) throw new CommandError(NO_PASSWORD)
      checkUser(args[0])
      return OK
    },
  },
  hello: { arity: -1, run: hello },
  reset: {
    arity: 1,
    inMulti: true,
    run: ({ session }) => {
      session.reset()
      return { status: 'RESET' }
    },
  },
  client: subcommands('client', {
    id: { args: 0, run: ({ session }) => session.id },
    getname: { args: 0, run: ({ session }) => session.name || null },
    setname: {
      args: 1,
      run: ({ session }, [name = '']) => {
        session.name = checkedName(name)
        return OK
      },
    },
    setinfo: { args: 2, run: () => OK },
    info: { args: 0, run: ({ session }) => ({ report: session.describe() }) },
    list: { args: 0, run: ({ store }) => ({ report: [...store.sessions].map(session => session.describe()).join('') }) },
  } satisfies Record<string, { args: number; run: Command['run'] }>),
}

/** There is no password here: as in a Redis without one, only the default user can log in, with any password. */
function checkUser(name: string | undefined): void {
  if (name !== 'default') throw new CommandError(WRONG_PASSWORD)
}

function checkedName(name: string): string {
  if (/[^!-~]/.test(name)) throw new CommandError('ERR Client names cannot contain spaces, newlines or special characters.')
  return name
}

/** HELLO [2 | 3 [AUTH name password] [SETNAME name]] */
function hello({ session }: Context, [version, ...options]: readonly string[]): Reply {
  const protocol = version === undefined ? undefined : int64(version, 'ERR Protocol version is not an integer or out of range')
  if (protocol !== undefined && protocol !== 2n && protocol !== 3n) throw new CommandError('NOPROTO unsupported protocol version')
  let [name, user] = [session.name, 'default']
  for (let i = 0; i < options.length; i++) {
    const option = options[i]?.toUpperCase()
    if (option === 'AUTH' && i + 2 < options.length) {
      user = options[i + 1]!
      i += 2
    } else if (option === 'SETNAME' && i + 1 < options.length) name = checkedName(options[++i]!)
    else throw new CommandError(`ERR Syntax error in HELLO option '${shown(options[i] ?? '')}'`)
  }
  checkUser(user)
  if (protocol) session.protocol = protocol === 3n ? 3 : 2
  session.name = name
  return {
    pairs: [
      'server',
      SERVER_NAME,
      'version',
      REDIS_VERSION,
      'proto',
      session.protocol,
      'id',
      session.id,
      'mode',
      'standalone',
      'role',
      'master',
      'modules',
      [],
    ],
  }
}
