import type { Client } from 'pg'

/** The program lacks a right: its tables belong to another role, or it may not create them. The message has the statements that fix it. */
export class MissingRightError extends Error {
  override readonly name = 'MissingRightError'
}

/** What migrations change, in the session's current schema. */
export interface OwnedObjects {
  /** Whose they are, for messages: "Ping". */
  readonly of: string
  /** The schema for new tables if the session has none. */
  readonly schemaOfNew: string
  /** Absent: all tables in the schema. */
  readonly tables?: readonly string[]
  /** Absent: all functions in the schema. */
  readonly functions?: readonly string[]
}

/** Names with their schema, because the statements may be run with another search_path. */
const FOREIGN = `
  with changed as (
    select 'table' as kind, c.oid::regclass::text as name, c.relowner as owner, c.relnamespace as schema
    from pg_class c where c.relkind in ('r', 'p') and coalesce(c.relname = any ($1), true)
    union all
    select 'function', p.oid::regprocedure::text, p.proowner, p.pronamespace from pg_proc p where coalesce(p.proname = any ($2), true)
  )
  select kind, quote_ident(n.nspname) || '.' || name as name, pg_get_userbyid(owner) as owner, quote_ident(current_user) as us
  from changed join pg_namespace n on n.oid = schema
  where n.nspname = current_schema() and not pg_has_role(owner, 'USAGE') order by kind desc, name`

interface Foreign {
  readonly kind: string
  readonly name: string
  readonly owner: string
  readonly us: string
}

/** The schema for new tables, if the session may not create tables in any. Postgres would then create them as temporary ones. */
const CLOSED = `
  select quote_ident(s.name) as schema, n.oid is not null as exists, quote_ident(current_user) as us, current_database() as database
  from (select coalesce(nullif(current_schema(), (select nspname from pg_namespace where oid = pg_my_temp_schema())), $1)) as s (name)
  left join pg_namespace n on n.nspname = s.name
  where not coalesce(has_schema_privilege(n.oid, 'USAGE') and has_schema_privilege(n.oid, 'CREATE'), false)`

interface Closed {
  readonly schema: string
  readonly exists: boolean
  readonly us: string
  readonly database: string
}

const INSUFFICIENT_PRIVILEGE = '42501'

/** The error of a migration or, if the cause is that another role owns the tables, an error with the statements that fix it. */
export async function explainRefusal(client: Client, error: unknown, owned: OwnedObjects): Promise<unknown> {
  if (!isDenied(error)) return error
  const { rows } = await client.query<Foreign>(FOREIGN, [owned.tables, owned.functions])
  const first = rows[0]
  if (!first) return error
  const owners = [...new Set(rows.map(({ owner }) => owner))].join(', ')
  const statements = rows.map(({ kind, name, us }) => `alter ${kind} ${name} owner to ${us};`).join(' ')
  const got = `got tables or functions of ${owned.of} that belong to ${owners}, and a connection as ${first.us}, expected a connection as their owner`
  return new MissingRightError(`the database cannot be set up: ${got}. Run in this database as a superuser: ${statements}`, {
    cause: error,
  })
}

/** Throws `MissingRightError` if the session cannot create tables in the schema for them. */
export async function checkSchema(client: Client, owned: OwnedObjects): Promise<void> {
  const { rows } = await client.query<Closed>(CLOSED, [owned.schemaOfNew])
  if (!rows[0]) return
  const { schema, exists, us, database } = rows[0]
  const got = exists ? `schema ${schema}, in which ${us} may not create tables` : `no schema ${schema}`
  const statement = exists ? `grant usage, create on schema ${schema} to ${us};` : `create schema ${schema} authorization ${us};`
  throw new MissingRightError(
    `the database cannot be set up: got the database ${database} with ${got}, expected one that belongs to ${us}. Run in this database as its owner or as a superuser: ${statement}`,
  )
}

function isDenied(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return ('code' in error && error.code === INSUFFICIENT_PRIVILEGE) || isDenied(error.cause)
}
