import type { Client, ClientConfig } from 'pg'
// Not from 'pg': if NODE_PG_FORCE_NATIVE is set, that loads a native driver, which is not installed or not the one we tested.
import PlainClient from 'pg/lib/client.js'

/** The address of Postgres and how to connect. Without `connectionString`, whose missing parts the driver takes from the environment. */
export type PostgresClientConfig = Omit<ClientConfig, 'connectionString' | 'password'> & { readonly password?: ClientConfig['password'] }

/** Parts of the driver that its types do not include. */
interface Inside {
  readonly connectionParameters: { options: string | undefined; replication: string | undefined }
  readonly connection: { readonly stream: { destroy(): void } }
}

/**
 * A Postgres client, not yet connected, that uses `config` only: nothing from libpq's environment variables (PGSSLMODE, PGOPTIONS,
 * PGPASSWORD …) or ~/.pgpass. Those are for psql, and the driver lets some of them override its own options.
 */
export function createPostgresClient(config: PostgresClientConfig): Client {
  const { host = '127.0.0.1', port = 5432, user = 'postgres', password } = config
  const client = new PlainClient({
    ssl: false,
    sslnegotiation: 'postgres',
    client_encoding: 'UTF8',
    application_name: 'ping',
    ...config,
    host,
    port,
    user,
    database: config.database ?? user,
    password: async () => (typeof password === 'function' ? password() : (password ?? missing(user))),
  })
  const { connectionParameters } = client as unknown as Inside
  connectionParameters.options = config.options
  connectionParameters.replication = undefined
  return client
}

function missing(user: string): never {
  throw new Error(`Postgres asks for the password of user ${JSON.stringify(user)}, and none is set`)
}

/** Cuts the connection at once, at any stage; pending calls reject. */
export function cutPostgresClient(client: Client): void {
  const { connection } = client as unknown as Inside
  connection.stream.destroy()
}
