import pg from 'pg'
import type { Broken } from './violation.ts'

/** A mistake in one of the functions of the semaphore's schema, which the checker must find. */
export interface Mistake {
  readonly function: string
  readonly right: string
  readonly wrong: string
  /** What must be found, perhaps among other things. */
  readonly finds: Broken
  /** Statements that the mistake needs to be made at all. */
  readonly first?: string
}

/** Replaces the function by one with the mistake. Throws if the right code is not there, so that no mistake stays unplanted. */
export async function plant(databaseUrl: string, { function: name, right, wrong, first }: Mistake): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const { rows } = await client.query<{ definition: string }>('select pg_get_functiondef($1::regproc) as definition', [
      `semaphore.${name}`,
    ])
    const { definition } = rows[0]!
    if (definition.split(right).length !== 2) throw new Error(`semaphore.${name}: got ${JSON.stringify(right)} not once`)
    if (first) await client.query(first)
    await client.query(definition.replace(right, () => wrong))
  } finally {
    await client.end()
  }
}
