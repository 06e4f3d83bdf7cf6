import { glob } from '../arguments.ts'
import type { Commands, Context } from '../command.ts'
import { CommandError, OK, type Reply } from '../reply.ts'
import { NOTICE, REDIS_VERSION, SERVER_NAME } from '../identity.ts'
import { DATABASES } from '../keyspace.ts'

const CONFIG: Readonly<Record<string, string>> = {
  appendonly: 'no',
  databases: String(DATABASES),
  maxmemory: '0',
  'maxmemory-policy': 'noeviction',
  save: '',
}

export const server: Commands = {
  time: {
    arity: 1,
    run: () => {
      const nowUs = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000))
      return [String(nowUs / 1_000_000n), String(nowUs % 1_000_000n)]
    },
  },
  info: { arity: -1, run: (context, sections) => info(context, sections) },
  config: { arity: -2, noScript: true, run: (_, [name = '', ...patterns]) => config(name, patterns) },
  // Clients ask for the list only to complete what a person types: an empty one is an answer.
  command: { arity: -1, run: (_, [name]) => (name?.toUpperCase() === 'COUNT' ? 0 : []) },
  shutdown: {
    arity: -1,
    noScript: true,
    run: ({ store, session }) => {
      session.closing = true
      store.shutdown()
      return OK
    },
  },
}

function config(name: string, patterns: readonly string[]): Reply {
  if (name.toUpperCase() !== 'GET') throw new CommandError(`ERR CONFIG ${name.toUpperCase()} is not possible here: this is ${SERVER_NAME}`)
  if (patterns.length === 0) throw new CommandError(`ERR wrong number of arguments for 'config|get' command`)
  const matches = patterns.map(pattern => glob(pattern, { ignoreCase: true }))
  return { pairs: Object.entries(CONFIG).filter(([key]) => matches.some(match => match(key))).flat() }
}

function info({ store }: Context, wanted: readonly string[]): Reply {
  const known = sections(store)
  const names = wanted.map(name => name.toLowerCase())
  const all = names.length === 0 || names.some(name => /^(all|default|everything)$/.test(name))
  return Object.entries(known)
    .filter(([title]) => all || names.includes(title.toLowerCase()))
    .map(([title, lines]) => `# ${title}\r\n${lines.join('\r\n')}\r\n`)
    .join('\r\n')
}

function sections(store: Context['store']): Readonly<Record<string, readonly string[]>> {
  const { rss, heapUsed } = process.memoryUsage()
  const counts = store.databases.map(keys => keys.keys().length)
  return {
    Server: [
      `redis_version:${REDIS_VERSION}`,
      'redis_mode:standalone',
      `server_name:${SERVER_NAME}`,
      `stand_in:${NOTICE}`,
      `process_id:${process.pid}`,
      `tcp_port:${store.port}`,
      `uptime_in_seconds:${Math.floor((Date.now() - store.startedAtMs) / 1000)}`,
    ],
    Clients: [`connected_clients:${store.sessions.size}`],
    Memory: [`used_memory:${heapUsed}`, `used_memory_rss:${rss}`, 'maxmemory:0', 'maxmemory_policy:noeviction'],
    Persistence: ['loading:0', 'aof_enabled:0', 'rdb_changes_since_last_save:0'],
    Stats: [`total_commands_processed:${store.commandsProcessed}`],
    Replication: ['role:master', 'connected_slaves:0'],
    Keyspace: counts.flatMap((count, index) => (count > 0 ? [`db${index}:keys=${count},expires=0,avg_ttl=0`] : [])),
  }
}
