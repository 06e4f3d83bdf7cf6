import { int64, selects } from '../arguments.ts'
import type { Commands, Context } from '../command.ts'
import { NOTICE, REDIS_VERSION, SERVER_NAME } from '../identity.ts'
import { DATABASES } from '../keyspace.ts'
import { MAX_CLIENTS, MAX_DATA_BYTES } from '../limits.ts'
import { CommandError, OK, type Reply } from '../reply.ts'
import { subcommands } from './subcommands.ts'

const CONFIG: Readonly<Record<string, string>> = {
  appendonly: 'no',
  databases: String(DATABASES),
  maxclients: String(MAX_CLIENTS),
  maxmemory: String(MAX_DATA_BYTES),
  'maxmemory-policy': 'noeviction',
  save: '',
}

const NO_COUNT = 'ERR count should be greater than or equal to -1'

/** Questions about the server itself, from clients and tools. */
export const server: Commands = {
  time: {
    arity: 1,
    run: () => {
      const nowUs = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000))
      return [String(nowUs / 1_000_000n), String(nowUs % 1_000_000n)]
    },
  },
  info: { arity: -1, run: (context, sections) => info(context, sections) },
  config: subcommands('config', { get: { args: -2, run: ({ store }, patterns) => config(store, patterns) } }),
  // Clients ask for the list only to complete what a user types: an empty list is a valid answer.
  command: { arity: -1, run: (_, [name]) => (name?.toLowerCase() === 'count' ? 0 : []) },
  memory: subcommands('memory', {
    usage: { args: -2, run: ({ session }, [key = '']) => session.keys().bytesOf(key) ?? null },
  }),
  // No command is slow here: those that would be are refused.
  slowlog: subcommands('slowlog', {
    get: {
      args: -1,
      run: (_, [count = '10']) => {
        if (int64(count, NO_COUNT) < -1n) throw new CommandError(NO_COUNT)
        return []
      },
    },
    len: { args: 0, run: () => 0 },
    reset: { args: 0, run: () => OK },
  }),
  monitor: {
    arity: 1,
    run: () => {
      throw new CommandError(`ERR MONITOR is not possible here: this is ${SERVER_NAME}`)
    },
  },
  shutdown: {
    arity: -1,
    run: ({ store, session }) => {
      session.closing = true
      store.shutdown()
      return OK
    },
  },
}

/** A name that is not a pattern is returned as it was written. */
function config(store: Context['store'], patterns: readonly string[]): Reply {
  const found = new Map<string, string>()
  for (const pattern of patterns) {
    for (const [name, value] of Object.entries(CONFIG)) {
      if (name === pattern.toLowerCase()) found.set(pattern, value)
      else if (selects(pattern.toLowerCase(), name, steps => store.usage.spend(steps))) found.set(name, value)
    }
  }
  return { pairs: [...found].flat() }
}

function info({ store }: Context, wanted: readonly string[]): Reply {
  const names = wanted.map(name => name.toLowerCase())
  const all = names.length === 0 || names.some(name => /^(all|default|everything)$/.test(name))
  const report = Object.entries(sections(store))
    .filter(([title]) => all || names.includes(title.toLowerCase()))
    .map(([title, lines]) => `# ${title}\r\n${lines.join('\r\n')}\r\n`)
    .join('\r\n')
  return { report }
}

/** With the fields that clients and `redis-cli --stat` look for. */
function sections(store: Context['store']): Readonly<Record<string, readonly string[]>> {
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
    Clients: [`connected_clients:${store.sessions.size}`, `maxclients:${MAX_CLIENTS}`, 'blocked_clients:0'],
    Memory: [
      `used_memory:${store.usage.bytes}`,
      `used_memory_human:${(store.usage.bytes / 1024 / 1024).toFixed(2)}M`,
      `used_memory_rss:${process.memoryUsage.rss()}`,
      `maxmemory:${MAX_DATA_BYTES}`,
      'maxmemory_policy:noeviction',
    ],
    Persistence: ['loading:0', 'rdb_changes_since_last_save:0', 'rdb_bgsave_in_progress:0', 'aof_enabled:0', 'aof_rewrite_in_progress:0'],
    Stats: [`total_connections_received:${store.connectionsReceived}`, `total_commands_processed:${store.commandsProcessed}`],
    Replication: ['role:master', 'connected_slaves:0'],
    Keyspace: store.databases.flatMap(({ size, mortals }, index) =>
      size > 0 ? [`db${index}:keys=${size},expires=${mortals},avg_ttl=0`] : [],
    ),
  }
}
