import { arch, cpus, platform, totalmem } from 'node:os'
import { version } from 'node:process'
import { KAFKA_VERSION } from '../../local/launch/kafka-jars.ts'
import type { Parts } from './parts.ts'
import { plainClient } from './plain-client.ts'

/** The machine of a run. */
export interface Host {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  readonly node: string
  readonly kafka: string
}

/** The machine, and the parts of the run. */
export interface Machine extends Host {
  readonly broker: string
  readonly cache: string
  readonly postgres: string
  readonly fsync: string
  readonly synchronousCommit: string
}

export function describeHost(): Host {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${arch()}`,
    node: version,
    kafka: KAFKA_VERSION,
  }
}

export async function describeMachine(parts: Parts): Promise<Machine> {
  const client = plainClient(`postgres://postgres@127.0.0.1:${parts.postgres.port}/postgres`)
  await client.connect()
  const show = async (name: string): Promise<string> => (await client.query(`show ${name}`)).rows[0][name]
  const machine = {
    ...describeHost(),
    ...parts.kinds,
    postgres: await show('server_version'),
    fsync: await show('fsync'),
    synchronousCommit: await show('synchronous_commit'),
  }
  await client.end()
  return machine
}

export function describe(machine: Machine): string {
  const { postgres, fsync, synchronousCommit, broker, cache } = machine
  return `${hostText(machine)}; PostgreSQL ${postgres}, fsync ${fsync}, synchronous_commit ${synchronousCommit}; ${broker}; ${cache}. ${SHARED}`
}

export function hostText({ cpu, cores, memoryGiB, system, node }: Host): string {
  return `${cores} × ${cpu}, ${memoryGiB} GiB, ${system}; Node ${node}`
}

export const SHARED = 'All share the machine: trust ratios.'
