import { arch, cpus, platform, totalmem } from 'node:os'
import { version } from 'node:process'
import pg from 'pg'
import type { Bench, BenchOptions } from './bench.ts'
import type { Cell } from './cells.ts'
import { startStateless } from './contenders/contender.ts'
import { startPlain } from './contenders/start-plain.ts'
import { measurePings } from './stages/pings.ts'
import { searchPoolSize, type PoolSearch } from './stages/pool-search.ts'

/** On what the figures were measured. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  readonly node: string
  readonly postgres: string
  readonly fsync: string
  readonly synchronousCommit: string
}

/** Everything that a run measured. */
export interface Measured {
  readonly at: string
  readonly options: BenchOptions
  readonly machine: Machine
  readonly poolSearch: PoolSearch | undefined
  readonly pings: readonly Cell[]
}

/** Runs every section that was asked for. */
export async function measureAll(bench: Bench): Promise<Measured> {
  const { options } = bench
  const poolSearch = options.only.includes('c') ? await searchPoolSize(bench) : undefined
  const poolSize = poolSearch?.best ?? DEFAULT_POOL_SIZE
  const pings = await measurePings(bench, {
    a: startStateless('a', 'bare.ts'),
    b: startStateless('b', 'no-op.ts'),
    c: (each, round) => startPlain(each, `plain_${round}`, poolSize),
    d: (each, round) => startPlain(each, `ping_${round}`, poolSize),
  })
  return { at: new Date().toISOString(), options, machine: await describeMachine(bench), poolSearch, pings }
}

/** Where no search was made. */
const DEFAULT_POOL_SIZE = 16

async function describeMachine(bench: Bench): Promise<Machine> {
  const client = new pg.Client(`postgres://postgres@127.0.0.1:${bench.parts.postgres.port}/postgres`)
  await client.connect()
  const show = async (name: string): Promise<string> => (await client.query(`show ${name}`)).rows[0][name]
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${arch()}`,
    node: version,
    postgres: await show('server_version'),
    fsync: await show('fsync'),
    synchronousCommit: await show('synchronous_commit'),
  }
  await client.end()
  return machine
}
