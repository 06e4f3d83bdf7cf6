import { readFileSync } from 'node:fs'
import { execute } from '../../../local/cache-stand-in/execute.ts'
import { Session } from '../../../local/cache-stand-in/session.ts'
import { Store } from '../../../local/cache-stand-in/store.ts'
import type { Cache } from '../../../src/counters/connect.ts'
import { HASH } from '../../../src/counters/names.ts'
import type { Steps } from './steps.ts'
import type { VirtualTime } from './virtual-time.ts'

const SCRIPTS = new URL('../../../src/counters/scripts/', import.meta.url)
/** The wall clock at the beginning of every run. */
const EPOCH_MS = 1_700_000_000_000

type Script = 'flush' | 'claim' | 'replace'

/** The cache in memory: the stand-in's commands, with its twins of the scripts, and a clock moved by hand. */
export class SimulatedCache {
  readonly #store = new Store({ port: 0, shutdown: () => undefined, log: () => undefined })
  readonly #session = new Session(this.#store.databases, 1, '')
  readonly #scripts: Readonly<Record<Script, string>>
  readonly #time: VirtualTime

  constructor(time: VirtualTime) {
    this.#time = time
    const load = (name: string) => this.#run('SCRIPT', 'LOAD', readFileSync(new URL(`${name}.lua`, SCRIPTS), 'latin1')) as string
    this.#scripts = { flush: load('flush'), claim: load('claim'), replace: load('replace') }
  }

  /** Rises with everything that may have changed the hash. */
  version = 0

  get nowMs(): number {
    return EPOCH_MS + this.#time.nowMs
  }

  /** The hash as it is, outside of the schedule. */
  hash(): Readonly<Record<string, string>> {
    return pairs(this.#run('HGETALL', HASH))
  }

  set(hash: Readonly<Record<string, string>>): void {
    this.#run('DEL', HASH)
    if (Object.keys(hash).length > 0) this.#run('HSET', HASH, ...Object.entries(hash).flat())
  }

  /** A connection whose commands wait for the schedule. */
  connection(steps: Steps): Cache {
    const command = (...args: string[]) => steps.request(() => this.#run(...args))
    const script =
      (name: Script) =>
      (key: string, ...args: string[]) =>
        command('EVALSHA', this.#scripts[name], '1', key, ...args)
    return {
      pingFlush: script('flush'),
      pingClaim: script('claim'),
      pingReplace: script('replace'),
      hget: (key: string, field: string) => command('HGET', key, field),
      hmget: (key: string, ...fields: string[]) => command('HMGET', key, ...fields),
      hgetall: async (key: string) => pairs(await command('HGETALL', key)),
      time: () => steps.request(() => [String(Math.floor(this.nowMs / 1_000)), String((this.nowMs % 1_000) * 1_000)]),
    } as unknown as Cache
  }

  #run(...args: string[]): unknown {
    if (args[0] === 'EVALSHA' || args[0] === 'DEL') this.version++
    const reply = execute(this.#store, this.#session, args) as { error?: string; status?: string } | null
    if (reply !== null && typeof reply === 'object' && reply.error !== undefined) throw new Error(reply.error)
    if (reply !== null && typeof reply === 'object' && reply.status !== undefined) return reply.status
    return reply
  }
}

function pairs(reply: unknown): Record<string, string> {
  const flat = (Array.isArray(reply) ? reply : (reply as { pairs: string[] }).pairs) as string[]
  return Object.fromEntries(Array.from({ length: flat.length / 2 }, (_, index) => [flat[2 * index]!, flat[2 * index + 1]!]))
}
