import type { Client } from 'pg'
import type { Notice } from './pg-types.ts'

/** The commit was answered with a WARNING: it may exist on this server only. Not an ack; send the same batch again. */
export class CommitWarningError extends Error {
  override readonly name = 'CommitWarningError'
}

/** The SQLSTATE of messages below the level WARNING. */
const NO_WARNING = '00000'

/** The result of `query`, which runs on this client, or a `CommitWarningError` if Postgres sent a warning meanwhile. */
export async function withoutWarning<T>(client: Client, query: () => Promise<T>): Promise<T> {
  const warnings: Notice[] = []
  const collect = (notice: Notice) => {
    if (notice.code !== NO_WARNING) warnings.push(notice)
  }
  client.on('notice', collect)
  try {
    const result = await query()
    if (warnings[0]) throw new CommitWarningError(warnings[0].message ?? 'a warning at commit')
    return result
  } finally {
    client.off('notice', collect)
  }
}
