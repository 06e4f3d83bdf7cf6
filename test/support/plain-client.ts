import type pg from 'pg'
import { createPostgresClient } from '../../src/runtime/postgres-client.ts'

/** A client for a URL of a test's database, not yet connected, which libpq's variables of the shell do not steer. */
export function plainClient(url: string): pg.Client {
  const { hostname, port, username, password, pathname } = new URL(url)
  return createPostgresClient({
    host: hostname,
    port: Number(port),
    user: decodeURIComponent(username),
    database: decodeURIComponent(pathname.slice(1)),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
  })
}
