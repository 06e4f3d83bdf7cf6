import type { Client } from 'pg'
import { plainClient } from '../parts/plain-client.ts'

/** What Postgres does alone, in commands per second. */
export interface PlainPostgres {
  /** Rows that are inserted, set to running and set to finished, in batches. Nothing is limited, in order or published. */
  readonly batches: number
  /** A table as a queue: each grant is one `select … for update skip locked`, each finish one update. */
  readonly skipLocked: number
}

const TABLE = `create table plain_commands (id bigint generated always as identity primary key, resource text not null,
  command_id text not null unique, payload bytea not null, state smallint not null default 0);
  create index on plain_commands (resource, id) where state = 0`
const BATCH = 100
const CONNECTIONS = 16

const INSERT = {
  name: 'insert',
  text: `insert into plain_commands (resource, command_id, payload) select r, c, p
    from unnest($1::text[], $2::text[], $3::bytea[]) as t(r, c, p) returning id`,
}
const SET_STATE = { name: 'set-state', text: 'update plain_commands set state = $2 where id = any($1::bigint[])' }
const TAKE = {
  name: 'take',
  text: `update plain_commands set state = 1 where id = (select id from plain_commands where resource = $1 and state = 0
    order by id for update skip locked limit 1) returning id`,
}

export async function measurePlainPostgres(url: string, commands: number, resources: number): Promise<PlainPostgres> {
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => connect(url)))
  try {
    await clients[0]!.query(TABLE)
    const batches = await rate(commands, () => inBatches(clients, commands, resources, liveBatch))
    await clients[0]!.query('truncate plain_commands')
    await inBatches(clients, commands, resources, insertBatch)
    const skipLocked = await rate(commands, () => Promise.all(clients.map((client, first) => serveInTurn(client, first, resources))))
    return { batches, skipLocked }
  } finally {
    await Promise.all(clients.map(client => client.end()))
  }
}

async function connect(url: string): Promise<Client> {
  const client = plainClient(url)
  await client.connect()
  return client
}

async function rate(commands: number, work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now()
  await work()
  return (commands / (performance.now() - startedMs)) * 1_000
}

type BatchWork = (client: Client, numbers: readonly number[], resources: number) => Promise<unknown>

/** Each connection takes the next batch as soon as it is free. */
async function inBatches(clients: readonly Client[], commands: number, resources: number, work: BatchWork): Promise<void> {
  let next = 0
  const run = async (client: Client): Promise<void> => {
    while (next < commands) {
      const first = next
      next += BATCH
      await work(
        client,
        Array.from({ length: BATCH }, (_, index) => first + index),
        resources,
      )
    }
  }
  await Promise.all(clients.map(run))
}

async function insertBatch(client: Client, numbers: readonly number[], resources: number): Promise<readonly string[]> {
  const values = [
    numbers.map(number => `crane-${number % resources}`),
    numbers.map(number => `command-${number}`),
    numbers.map(number => Buffer.from(`the work of ${number}`)),
  ]
  return (await client.query<{ id: string }>({ ...INSERT, values })).rows.map(({ id }) => id)
}

async function liveBatch(client: Client, numbers: readonly number[], resources: number): Promise<void> {
  const ids = await insertBatch(client, numbers, resources)
  await client.query({ ...SET_STATE, values: [ids, 1] })
  await client.query({ ...SET_STATE, values: [ids, 2] })
}

/** Every connection serves its own share of the resources, one command of each in turn. */
async function serveInTurn(client: Client, first: number, resources: number): Promise<void> {
  const own = new Set<number>()
  for (let number = first; number < resources; number += CONNECTIONS) own.add(number)
  while (own.size > 0) {
    for (const number of own) {
      const { rows } = await client.query<{ id: string }>({ ...TAKE, values: [`crane-${number}`] })
      if (rows.length === 0) own.delete(number)
      else await client.query({ ...SET_STATE, values: [[rows[0]!.id], 2] })
    }
  }
}
