/**
 * The schema of Ping's tables, as SQL. It is the first of: the schema where the session finds them; the only schema in which a role
 * whose rights the session has owns them, because a search_path that is set later must not hide them; the schema of the original's
 * table; the schema in which the session would create tables. Temporary tables do not count.
 */
const LEDGER_SCHEMA = `coalesce(
  ${firstInPath('ping_migrations')},
  (select min(n.nspname) from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relname = 'ping_migrations' and c.relkind = 'r' and c.relpersistence <> 't' and pg_catalog.pg_has_role(c.relowner, 'USAGE')
    having count(*) = 1),
  ${firstInPath('pings')},
  pg_catalog.current_schema(),
  'public')`

function firstInPath(table: string): string {
  return `(select n.nspname from pg_catalog.unnest(pg_catalog.current_schemas(false)) with ordinality as path (name, place)
    join pg_catalog.pg_namespace n on n.nspname = path.name
    join pg_catalog.pg_class c on c.relnamespace = n.oid
    where c.relname = '${table}' and c.relkind in ('r', 'p') and c.relpersistence <> 't' order by path.place limit 1)`
}

/** The search_path that leads to Ping's tables, and to nothing else with the same names. */
export const LEDGER_SEARCH_PATH = `pg_catalog.format('%I, pg_temp', ${LEDGER_SCHEMA})`
