import type { Child, ChildHooks } from '../launch/child.ts'
import { onPath } from '../launch/on-path.ts'
import { launchRedis, launchStandIn } from '../launch/redis.ts'
import type { Part } from '../part.ts'

interface Candidate {
  /** For the person who looks at the list of parts. */
  readonly name: string
  readonly isHere: () => boolean
  readonly launch: (port: number, hooks: ChildHooks, env: NodeJS.ProcessEnv) => Promise<Child>
}

/** A server of the Redis family that the path may have. */
const onThePath = (command: string, args?: (port: number) => readonly string[]): Candidate => ({
  name: command,
  isHere: () => onPath(command) !== undefined,
  launch: (port, hooks) => launchRedis({ command, port, ...(args && { args: args(port) }), ...hooks }),
})

/** Dragonfly takes flags of its own, and more memory than a trial needs when it is not told how much. */
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

/** The first that is here is taken; the last always is. */
const CANDIDATES: readonly Candidate[] = [
  onThePath('dragonfly', dragonflyArgs),
  onThePath('valkey-server'),
  onThePath('redis-server'),
  { name: 'a built-in stand-in', isHere: () => true, launch: (port, hooks, env) => launchStandIn({ port, env, ...hooks }) },
]

const REMEDY = 'Mend that, take it off the path, or name a cache of your own: REDIS_URL=redis://host:port npm start'

/** The cache of this machine. `env`: for one that Node runs, beside what every part gets. */
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
