/** The only place where this program reads its environment: settings come from it, and little else of it reaches its processes. */
export function environment(): NodeJS.ProcessEnv {
  return process.env
}

/** libpq's variables (PGSSLMODE, PGOPTIONS …) are for the person's own psql: our client of Postgres must not find them. */
export function forgetLibpq(): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('PG')) delete process.env[name]
}
