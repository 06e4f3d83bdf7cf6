import type { Client, ClientConfig } from 'pg'
import { createPostgresClient, cutPostgresClient } from '../runtime/postgres-client.ts'
import { TimeoutError } from '../runtime/wait.ts'
import { checkPooler } from './pooler.ts'
import { raceConnects } from './race-connects.ts'
import { beginSession, sessionSettings, type PlanCacheMode } from './session.ts'

/** What every read and write of the ledger needs: a client or a pool. */
export type Queryable = Pick<Client, 'query'>

/** 64-bit integers arrive as bigint, in arrays too. */
const INT8 = 20
const INT8_ARRAY: number = 1016
const toBigints = (text: string) => (text === '{}' ? [] : text.slice(1, -1).split(',').map(BigInt))

const CONNECT_TIMEOUT_MS = 5_000

export interface ConnectOptions {
  /** A query that is not answered by then rejects; it may still be carried out. None: it is waited for. In ms. */
  readonly queryTimeoutMs?: number
  /** Postgres ends a statement after this long; none: never. In ms. */
  readonly statementTimeoutMs?: number
  /** When Postgres plans the session's statements. Default `auto`. */
  readonly planCacheMode?: PlanCacheMode
}

/**
 * One connection of our own, for locks and batches; its queries take turns. The caller ends it, also after a query that was not
 * answered in time. `config.connectionTimeoutMillis` is for all of it, the session's set-up included.
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
  const { queryTimeoutMs, statementTimeoutMs = 0, planCacheMode = 'auto' } = options
  const timeout = queryTimeoutMs === undefined ? {} : { query_timeout: queryTimeoutMs }
  const client = createPostgresClient({ ...config, ...timeout, application_name: applicationName, connectionTimeoutMillis: 0 })
  client.setTypeParser(INT8, BigInt)
  client.setTypeParser(INT8_ARRAY, toBigints)
  client.on('error', () => undefined) // a broken connection also fails the query that uses it
  const cut = () => cutPostgresClient(client)
  signal.addEventListener('abort', cut)
  try {
    await client.connect()
    const session = await beginSession(client, sessionSettings(applicationName, statementTimeoutMs, planCacheMode))
    if (session.pid !== processIdOf(client)) await checkPooler(client, session, config)
    Object.assign(client, { processID: session.pid }) // a pooler's own number would be found nowhere in Postgres
    return client
  } catch (error) {
    cut()
    throw signal.aborted ? new TimeoutError('Postgres does not answer', { cause: error }) : error
  } finally {
    signal.removeEventListener('abort', cut)
  }
}

/** The process in Postgres that serves this client. */
export function processIdOf(client: Client): number | null {
  return (client as Client & { readonly processID: number | null }).processID
}

/** Several loops may share a connection: the driver gives up queueing their queries itself, and warns of it. */
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
