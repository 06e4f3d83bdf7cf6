import type { Chapter } from '../script.ts'
import { configurations } from './configurations.ts'
import { fetching } from './fetch.ts'
import { groups } from './groups.ts'
import { idempotence } from './idempotence.ts'
import { clusterMetadata } from './metadata.ts'
import { offsetsOfGroups } from './offsets-of-groups.ts'
import { offsetsOfLogs } from './offsets-of-logs.ts'
import { producing } from './produce.ts'
import { topics } from './topics.ts'
import { transactions } from './transactions.ts'
import { versions } from './versions.ts'

/** The whole script. */
export const CHAPTERS: readonly Chapter[] = [
  versions,
  clusterMetadata,
  topics,
  configurations,
  producing,
  idempotence,
  fetching,
  offsetsOfLogs,
  groups,
  offsetsOfGroups,
  transactions,
]
