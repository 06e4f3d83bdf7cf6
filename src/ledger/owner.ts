import type { Client } from 'pg'

/** Ping's tables belong to somebody whose rights the program does not have. */
export class ForeignOwnerError extends Error {
  override readonly name = 'ForeignOwnerError'
}

/** What migrations change, in the schema that the session's search_path leads to. */
const TABLES = ['pings', 'ping_lanes', 'ping_minutes', 'ping_migrations']
const FUNCTIONS = ['ping_record', 'ping_place_row', 'ping_keep_row', 'ping_fold', 'ping_unfold', 'ping_move_published']

const FOREIGN = `
  with changed as (
    select 'table' as kind, c.oid::regclass::text as name, c.relowner as owner, c.relnamespace as schema
    from pg_class c where c.relkind in ('r', 'p') and c.relname = any ($1)
    union all
    select 'function', p.oid::regprocedure::text, p.proowner, p.pronamespace from pg_proc p where p.proname = any ($2)
  )
  select kind, name, pg_get_userbyid(owner) as owner, quote_ident(current_user) as us
  from changed join pg_namespace n on n.oid = schema
  where n.nspname = current_schema() and not pg_has_role(owner, 'USAGE') order by kind desc, name`

interface Foreign {
  readonly kind: string
  readonly name: string
  readonly owner: string
  readonly us: string
}

const INSUFFICIENT_PRIVILEGE = '42501'

/** The error of a migration, or, where a right was missing because somebody else owns Ping's tables, one with the statements that mend it. */
export async function explainRefusal(client: Client, error: unknown): Promise<unknown> {
  if (!isDenied(error)) return error
  const { rows } = await client.query<Foreign>(FOREIGN, [TABLES, FUNCTIONS])
  const first = rows[0]
  if (!first) return error
  const owners = [...new Set(rows.map(({ owner }) => owner))].join(', ')
  const statements = rows.map(({ kind, name, us }) => `alter ${kind} ${name} owner to ${us};`).join(' ')
  const got = `got tables or functions of Ping that belong to ${owners}, and a connection as ${first.us}, expected their owner`
  return new ForeignOwnerError(`the database cannot be set up: ${got}. Connect as ${owners} once (--migrate-only is enough), or run as a superuser: ${statements}`, { cause: error })
}

function isDenied(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return ('code' in error && error.code === INSUFFICIENT_PRIVILEGE) || isDenied(error.cause)
}
