import { createHash } from 'node:crypto'
import type { Page } from '../../runtime/status-pages.ts'
import { TimeoutError, within } from '../../runtime/wait.ts'
import { UnavailableError } from '../../transport/errors.ts'
import type { PageMaker } from '../../transport/http/pages/serve-page.ts'
import type { PingCounter } from '../count-reader/ping-counter.ts'
import { badgeJson } from './badge-json.ts'
import { badgeSvg } from './badge-svg.ts'
import { badgeOf, unprovenBadge, type Badge } from './badge.ts'
import { requestedBadge, type RequestedBadge } from './requested-badge.ts'

/** How a badge is written. */
interface Form {
  readonly type: string
  readonly write: (badge: Badge) => string
}

const FORMS: Readonly<Record<string, Form>> = {
  '/badge.svg': { type: 'image/svg+xml; charset=utf-8', write: badgeSvg },
  '/badge.json': { type: 'application/json; charset=utf-8', write: badge => `${badgeJson(badge)}\n` },
}
const EXAMPLE = '/badge.svg?label=November&start=1793491200000&end=1796083200000'
const NO_STORE = { 'cache-control': 'no-store' }
/** For a badge that is opened as a document of its own: it needs nothing, and may run nothing. */
const POLICY = { 'content-security-policy': "default-src 'none'" }

/** Proxies of images wait for some seconds and then show a broken picture: before that, the badge says that there is no count. */
const ANSWER_WITHIN_MS = 3_000

/** The pages /badge.svg and /badge.json. They only read. */
export function badgePages(reader: PingCounter): ReadonlyMap<string, PageMaker> {
  return new Map(Object.entries(FORMS).map(([path, form]) => [path, request => badgePage(reader, form, request.query)]))
}

async function badgePage(reader: PingCounter, { type, write }: Form, query: URLSearchParams): Promise<Page> {
  const requested = requestedBadge(query)
  if (typeof requested === 'string') {
    return { status: 400, type: 'text/plain; charset=utf-8', body: `${requested}\n\nSuch as:\n  ${EXAMPLE}\n`, headers: NO_STORE }
  }
  const badge = await countedBadge(reader, requested)
  const body = write(badge)
  // 200 also without a count: proxies of images, such as GitHub's, show nothing else.
  return {
    status: 200,
    type,
    body,
    headers: { ...POLICY, ...(badge.isProven ? { 'cache-control': 'max-age=1', etag: etagOf(body) } : NO_STORE) },
  }
}

async function countedBadge(reader: PingCounter, { label, range }: RequestedBadge): Promise<Badge> {
  const count = range === undefined ? reader.total(false) : reader.range(range, false)
  try {
    return badgeOf(label, await within(ANSWER_WITHIN_MS, 'no count in time', count))
  } catch (error) {
    if (error instanceof UnavailableError || error instanceof TimeoutError) return unprovenBadge(label)
    throw error
  }
}

function etagOf(body: string): string {
  return `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
}
