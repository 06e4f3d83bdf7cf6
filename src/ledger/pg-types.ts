/** The types of the Postgres driver that the ledger's callers hold. */
export type { Client, ClientConfig } from 'pg'

/** What the driver hands on of a NOTICE or WARNING. */
export interface Notice {
  /** SQLSTATE; the severity's own name is in the server's language. */
  readonly code?: string | undefined
  readonly message?: string | undefined
}
