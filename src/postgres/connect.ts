import type { Client, ClientConfig } from 'pg'
import { createPostgresClient, cutPostgresClient } from '../runtime/postgres-client.ts'
import { TimeoutError } from '../runtime/wait.ts'
import { checkPooler } from './pooler.ts'
import { raceConnects } from './race-connects.ts'
import { beginSession, sessionSettings, type PlanCacheMode } from './session.ts'

/** A client or a pool, for reads and writes. */
export type Queryable = Pick<Client, 'query'>

/** 64-bit integers arrive as bigint, in arrays too. */
const INT8 = 20
const INT8_ARRAY: number = 1016
const toBigints = (text: string) => (text === '{}' ? [] : text.slice(1, -1).split(',').map(BigInt))

const CONNECT_TIMEOUT_MS = 5_000
const NO_SCHEMA = "'pg_catalog, pg_temp'"

export interface ConnectOptions {
  /** The session's search_path, as an SQL expression. Default: nothing but Postgres' own schema. */
  readonly searchPath?: string
  /** A query without an answer by then rejects; Postgres may still execute it. If absent, queries wait. In ms. */
  readonly queryTimeoutMs?: number
  /** Postgres cancels a statement after this time; if absent, never. In ms. */
  readonly statementTimeoutMs?: number
  /** When Postgres plans the session's statements. Default `auto`. */
  readonly planCacheMode?: PlanCacheMode
}

/**
 * One dedicated connection, for locks and batches; its queries run one after the other. The caller ends it, also after a query
 * that timed out. `config.connectionTimeoutMillis` limits everything, including the session's set-up.
 */
export async function connectClient(config: ClientConfig, applicationName: string, options: ConnectOptions = {}): Promise<Client> {
  const client = await raceConnects({
    connect: signal => openSession(config, applicationName, options, signal),
    close: cutPostgresClient,
    limitMs: config.connectionTimeoutMillis ?? CONNECT_TIMEOUT_MS,
  })
  queryInTurn(client)
  return client
}

async function openSession(config: ClientConfig, applicationName: string, options: ConnectOptions, signal: AbortSignal): Promise<Client> {
  const { queryTimeoutMs, statementTimeoutMs = 0, planCacheMode = 'auto', searchPath = NO_SCHEMA } = options
  const timeout = queryTimeoutMs === undefined ? {} : { query_timeout: queryTimeoutMs }
  const client = createPostgresClient({ ...config, ...timeout, application_name: applicationName, connectionTimeoutMillis: 0 })
  client.setTypeParser(INT8, BigInt)
  client.setTypeParser(INT8_ARRAY, toBigints)
  client.on('error', () => undefined) // a broken connection also fails the query that uses it
  const cut = () => cutPostgresClient(client)
  signal.addEventListener('abort', cut)
  try {
    await client.connect()
    const session = await beginSession(client, sessionSettings(applicationName, statementTimeoutMs, planCacheMode), searchPath)
    if (session.pid !== processIdOf(client)) await checkPooler(client, session, config)
    Object.assign(client, { processID: session.pid }) // the pooler's own number is unknown to Postgres
    return client
  } catch (error) {
    cut()
    throw signal.aborted ? new TimeoutError('Postgres does not answer', { cause: error }) : error
  } finally {
    signal.removeEventListener('abort', cut)
  }
}

/** The id of the Postgres process that serves this client. */
export function processIdOf(client: Client): number | null {
  return (client as Client & { readonly processID: number | null }).processID
}

/** Several loops may share a connection. The driver warns that it will stop queueing queries itself. */
function queryInTurn(client: Client): void {
  const query = client.query.bind(client) as (...args: readonly unknown[]) => Promise<unknown>
  let last: Promise<unknown> = Promise.resolve()
  client.query = ((...args: readonly unknown[]) => {
    const result = last.then(() => query(...args))
    last = result.then(
      () => undefined,
      () => undefined,
    )
    return result
  }) as Client['query']
}
