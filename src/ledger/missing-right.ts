import type { Client } from 'pg'

/** The program lacks a right: Ping's tables belong to another role, or it may not create them. The message has the statements that fix it. */
export class MissingRightError extends Error {
  override readonly name = 'MissingRightError'
}

/** What migrations change, in the session's current schema. */
const TABLES = ['pings', 'ping_lanes', 'ping_minutes', 'ping_migrations']
const FUNCTIONS = [
  'ping_record',
  'ping_record_batch',
  'ping_place_row',
  'ping_keep_row',
  'ping_keep_lanes',
  'ping_fold',
  'ping_unfold',
  'ping_move_published',
]

/** Names with their schema, because the statements may be run with another search_path. */
const FOREIGN = `
  with changed as (
    select 'table' as kind, c.oid::regclass::text as name, c.relowner as owner, c.relnamespace as schema
    from pg_class c where c.relkind in ('r', 'p') and c.relname = any ($1)
    union all
    select 'function', p.oid::regprocedure::text, p.proowner, p.pronamespace from pg_proc p where p.proname = any ($2)
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
  from (select coalesce(nullif(current_schema(), (select nspname from pg_namespace where oid = pg_my_temp_schema())), 'public')) as s (name)
  left join pg_namespace n on n.nspname = s.name
  where not coalesce(has_schema_privilege(n.oid, 'USAGE') and has_schema_privilege(n.oid, 'CREATE'), false)`

interface Closed {
  readonly schema: string
  readonly exists: boolean
  readonly us: string
  readonly database: string
}

const INSUFFICIENT_PRIVILEGE = '42501'

/** The error of a migration or, if the cause is that another role owns Ping's tables, an error with the statements that fix it. */
export async function explainRefusal(client: Client, error: unknown): Promise<unknown> {
  if (!isDenied(error)) return error
  const { rows } = await client.query<Foreign>(FOREIGN, [TABLES, FUNCTIONS])
  const first = rows[0]
  if (!first) return error
  const owners = [...new Set(rows.map(({ owner }) => owner))].join(', ')
  const statements = rows.map(({ kind, name, us }) => `alter ${kind} ${name} owner to ${us};`).join(' ')
  const got = `got tables or functions of Ping that belong to ${owners}, and a connection as ${first.us}, expected a connection as their owner`
  return new MissingRightError(`the database cannot be set up: ${got}. Run in this database as a superuser: ${statements}`, {
    cause: error,
  })
}

/** Throws `MissingRightError` if the session cannot create tables in the schema for them. */
export async function checkSchema(client: Client): Promise<void> {
  const { rows } = await client.query<Closed>(CLOSED)
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
