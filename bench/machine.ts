import { arch, cpus, platform, totalmem } from 'node:os'
import { version } from 'node:process'
import pg from 'pg'
import { KAFKA_VERSION } from '../local/parts/kafka-jars.ts'
import type { Parts } from './parts.ts'

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
  readonly kafka: string
}

export async function describeMachine(parts: Parts): Promise<Machine> {
  const client = new pg.Client(`postgres://postgres@127.0.0.1:${parts.postgres.port}/postgres`)
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
    kafka: KAFKA_VERSION,
  }
  await client.end()
  return machine
}

export function describe({ cpu, cores, memoryGiB, system, node, postgres, fsync, synchronousCommit, kafka }: Machine): string {
  return (
    `${cores} × ${cpu}, ${memoryGiB} GiB, ${system}; Node ${node}; PostgreSQL ${postgres}, fsync ${fsync}, ` +
    `synchronous_commit ${synchronousCommit}; Apache Kafka ${kafka}. All share the machine: trust ratios.`
  )
}
