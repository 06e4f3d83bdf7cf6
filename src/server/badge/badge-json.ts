import type { Badge } from './badge.ts'

/** A badge in the schema of shields' endpoint badges (https://shields.io/badges/endpoint-badge). */
export function badgeJson({ label, message, isProven }: Badge): string {
  return JSON.stringify({ schemaVersion: 1, label, message, color: isProven ? 'blue' : 'lightgrey', ...(!isProven && { isError: true }) })
}
