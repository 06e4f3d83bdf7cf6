import pg, { type Client, type ClientConfig, type Pool } from 'pg'
import type { Logger } from '../runtime/logger.ts'
import { SET_SEARCH_PATH } from './ledger-schema.ts'

/** What every read and write of the ledger needs: a client or a pool. */
export type Queryable = Pick<Client, 'query'>

/** 64-bit integers arrive as bigint, in arrays too. */
const INT8 = 20
const INT8_ARRAY = 1016
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === INT8) return BigInt
    if (oid === INT8_ARRAY) return (text: string) => (text === '{}' ? [] : text.slice(1, -1).split(',').map(BigInt))
    return pg.types.getTypeParser(oid, format as 'text')
  },
} as NonNullable<ClientConfig['types']>

/**
 * Session settings that the ledger relies on, whatever the database's defaults are: READ COMMITTED (a
 * batch reads the head after its lock), plans by index from the first row on (before the tables have
 * statistics Postgres would scan them), and, but for reads, statements that are not ended by a time-out (an
 * abandoned batch would be decided without us; we give up the connection instead). Warnings must arrive: one at
 * commit is not an ack.
 */
const SESSION = [
  `-c default_transaction_isolation=read\\ committed`,
  '-c enable_seqscan=off',
  '-c jit=off',
  '-c timezone=UTC',
  '-c lock_timeout=0',
  '-c client_min_messages=warning',
].join(' ')

function sessionConfig(config: ClientConfig, applicationName: string, statementTimeoutMs = 0): ClientConfig {
  return { ...config, types, options: `${SESSION} -c statement_timeout=${statementTimeoutMs}`, application_name: applicationName }
}

/**
 * One connection of our own, for locks and batches; its queries take turns. The caller ends it, also after
 * a query that was not answered within `queryTimeoutMs`: it may still be carried out.
 */
export async function connectClient(config: ClientConfig, applicationName: string, queryTimeoutMs?: number): Promise<Client> {
  const timeout = queryTimeoutMs === undefined ? {} : { query_timeout: queryTimeoutMs }
  const client = new pg.Client({ ...sessionConfig(config, applicationName), ...timeout })
  client.on('error', () => undefined) // a broken connection also fails the query that uses it
  try {
    await client.connect()
    await client.query(`select ${SET_SEARCH_PATH}`)
  } catch (error) {
    await client.end().catch(() => undefined)
    throw error
  }
  queryInTurn(client)
  return client
}

/** Several loops may share a connection: the driver gives up queueing their queries itself, and warns of it. */
function queryInTurn(client: Client): void {
  const query = client.query.bind(client) as (...args: readonly unknown[]) => Promise<unknown>
  let last: Promise<unknown> = Promise.resolve()
  client.query = ((...args: readonly unknown[]) => {
    const result = last.then(() => query(...args))
    last = result.then(() => undefined, () => undefined)
    return result
  }) as Client['query']
}

/** A pool for reads. `query` on it connects as needed and rejects when Postgres is away. */
export function createPool(config: ClientConfig, options: { applicationName: string; max: number; log: Logger; queryTimeoutMs?: number }): Pool {
  const { applicationName, max, log, queryTimeoutMs } = options
  const timeout = queryTimeoutMs === undefined ? {} : { query_timeout: queryTimeoutMs }
  // Ended in Postgres as well: given up here only, slow reads would pile up there.
  const pool = new pg.Pool({ ...sessionConfig(config, applicationName, queryTimeoutMs), ...timeout, max, idleTimeoutMillis: 30_000, onConnect: client => client.query(`select ${SET_SEARCH_PATH}`) } as pg.PoolConfig)
  pool.on('error', err => log.warn({ err }, 'a pooled connection to Postgres broke'))
  return pool
}
