import type { Child, ChildHooks } from '../launch/child.ts'
import { onPath } from '../launch/on-path.ts'
import { launchRedis, launchStandIn } from '../launch/redis.ts'
import type { Part } from '../part.ts'

interface Candidate {
  /** As the list of addresses shows it. */
  readonly name: string
  readonly isHere: () => boolean
  readonly launch: (port: number, hooks: ChildHooks, env: NodeJS.ProcessEnv) => Promise<Child>
}

/** A server of the Redis family, if it is on the path. */
const onThePath = (command: string, args?: (port: number) => readonly string[]): Candidate => ({
  name: command,
  isHere: () => onPath(command) !== undefined,
  launch: (port, hooks) => launchRedis({ command, port, ...(args && { args: args(port) }), ...hooks }),
})

/** Dragonfly has its own flags, and without a limit takes more memory than a trial needs. */
const dragonflyArgs = (port: number) => [
  '--port',
  String(port),
  '--bind',
  '127.0.0.1',
  '--dbfilename',
  '',
  '--proactor_threads',
  '1',
  '--maxmemory',
  '512mb',
  '--logtostderr',
]

/** The first that exists is used; the last one always exists. */
const CANDIDATES: readonly Candidate[] = [
  onThePath('dragonfly', dragonflyArgs),
  onThePath('valkey-server'),
  onThePath('redis-server'),
  { name: 'a built-in stand-in', isHere: () => true, launch: (port, hooks, env) => launchStandIn({ port, env, ...hooks }) },
]

const REMEDY = 'Fix this, remove it from the path, or use your own cache: REDIS_URL=redis://host:port npm start'

/** The cache of this machine. `env`: further variables for a cache that Node runs. */
export function cachePart(port: number, env: NodeJS.ProcessEnv = {}): { readonly part: Part; readonly kind: string } {
  const candidate = CANDIDATES.find(({ isHere }) => isHere())!
  return {
    kind: candidate.name,
    part: {
      name: 'cache',
      launch: hooks => candidate.launch(port, hooks, env),
      stopSignal: 'SIGTERM',
      graceMs: 5_000,
      isEssential: false,
      remedy: REMEDY,
    },
  }
}
