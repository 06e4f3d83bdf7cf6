import type { Client, ClientConfig } from 'pg'
// Not from 'pg': with NODE_PG_FORCE_NATIVE set, that takes a native driver that is not installed, or would be another than ours.
import PlainClient from 'pg/lib/client.js'

/** Where Postgres is and how to connect. Not as `connectionString`: the driver fills its gaps from the environment. */
export type PostgresClientConfig = Omit<ClientConfig, 'connectionString' | 'password'> & { readonly password?: ClientConfig['password'] }

/** What of the driver its types do not show. */
interface Inside {
  readonly connectionParameters: { options: string | undefined; replication: string | undefined }
  readonly connection: { readonly stream: { destroy(): void } }
}

/**
 * A client of Postgres, not yet connected, that connects as `config` says and takes nothing from libpq's variables (PGSSLMODE,
 * PGOPTIONS, PGPASSWORD …) or from ~/.pgpass: those are for psql, and the driver lets some of them override its own options.
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

/** Cuts the connection at once, at whatever stage it is; what waits for it rejects. */
export function cutPostgresClient(client: Client): void {
  const { connection } = client as unknown as Inside
  connection.stream.destroy()
}
