/** The types of the Postgres driver that the ledger's callers use. */
export type { Client, ClientConfig } from 'pg'

/** A NOTICE or WARNING, as the driver passes it on. */
export interface Notice {
  /** SQLSTATE; the severity's own name is in the server's language. */
  readonly code?: string | undefined
  readonly message?: string | undefined
}
