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

/**
 * Replaces the function by one with the mistake; line breaks and indents may differ. Throws if the right code is not there once, so that no
 * mistake stays unplanted.
 */
export async function plant(databaseUrl: string, { function: name, right, wrong, first }: Mistake): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const { rows } = await client.query<{ definition: string }>('select pg_get_functiondef($1::regproc) as definition', [
      `semaphore.${name}`,
    ])
    const { definition } = rows[0]!
    const pattern = new RegExp(right.trim().split(/\s+/).map(RegExp.escape).join('\\s+'), 'g')
    const count = [...definition.matchAll(pattern)].length
    if (count !== 1) throw new Error(`semaphore.${name}: got ${JSON.stringify(right)} ${count} times, expected once`)
    if (first) await client.query(first)
    await client.query(definition.replace(pattern, () => wrong))
  } finally {
    await client.end()
  }
}
