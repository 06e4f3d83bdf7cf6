import type { Page } from '../../../runtime/status-pages.ts'
import type { PageRequest } from './page-request.ts'

/** An entity tag (RFC 9110, 8.8.3), without the mark that it is weak: `If-None-Match` compares without it. */
const TAG = /"[\u0021\u0023-\u007e\u0080-\u00ff]*"/g

/** The page, or the answer that the caller already has it: its `If-None-Match` names the page's `etag`. */
export function unlessModified(page: Page, request: PageRequest): Page {
  const etag = page.headers?.['etag']
  const known = request.header('if-none-match')
  if (etag === undefined || known === undefined || page.status !== 200) return page
  const tags: readonly string[] = known.match(TAG) ?? []
  const isKnown = known.trim() === '*' || tags.includes(etag.replace(/^W\//, ''))
  return isKnown ? { ...page, status: 304, body: '' } : page
}
