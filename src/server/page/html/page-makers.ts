import { createHash } from 'node:crypto'
import type { Page } from '../../../runtime/status-pages.ts'
import { within } from '../../../runtime/wait.ts'
import type { PageRequest } from '../../../transport/http/pages/page-request.ts'
import type { PageMaker } from '../../../transport/http/pages/serve-page.ts'
import type { PingBuckets } from '../../buckets/buckets.ts'
import { daysRange, gridRange, type Bucket } from '../assets/calendar.js'
import { isZone } from '../assets/view.js'
import type { PageState } from '../page-state.ts'
import { readAssets, type Asset, type AssetName } from './assets.ts'
import { codingFor, encode } from './page-coding.ts'
import { pageHtml, type FirstView } from './page-html.ts'
import { prefersHtml } from './prefers-html.ts'

export interface PageMakersOptions {
  readonly states: { now(): Promise<PageState> }
  readonly buckets: PingBuckets
  /** Whether callers reach the server by TLS. */
  readonly isEncrypted: boolean
}

/** How long the first view waits for its numbers, in ms. What is not known by then, the page shows as not known. */
const FIRST_VIEW_MS = 100
const UTC = 'UTC'
/** A name or an address, and a port. */
const PLAIN_HOST = /^(?:[\w.-]{1,255}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i
const NO_SNIFFING = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' }
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ')

/** The live page and its files, by path. */
export function pageMakers(options: PageMakersOptions): ReadonlyMap<string, PageMaker> {
  const assets = readAssets()
  return new Map<string, PageMaker>([
    ['/', request => livePage(request, assets, options)],
    ['/favicon.ico', async () => ({ status: 204, type: 'image/x-icon', body: '', headers: { 'cache-control': 'max-age=86400' } })],
    ...Object.values(assets).map((asset): [string, PageMaker] => [asset.path, request => assetPage(request, asset)]),
  ])
}

async function assetPage(request: PageRequest, asset: Asset): Promise<Page> {
  const coding = codingFor(request.header('accept-encoding'))
  return {
    status: 200,
    type: asset.type,
    body: await asset.bytes(coding),
    headers: { 'cache-control': 'public, max-age=31536000, immutable', vary: 'accept-encoding', ...codingHeader(coding), ...NO_SNIFFING },
  }
}

async function livePage(
  request: PageRequest,
  assets: Readonly<Record<AssetName, Asset>>,
  options: PageMakersOptions,
): Promise<Page | undefined> {
  if (!prefersHtml(request.header('accept'))) return undefined
  const asked = request.query.get('zone') ?? UTC
  const zone = isZone(asked) ? asked : UTC
  const zoneFault =
    zone === asked
      ? undefined
      : `zone: got ${asked.slice(0, 100)}, expected the name of a time zone, such as Europe/Berlin. Times are in UTC.`
  const html = Buffer.from(pageHtml(await firstView(zone, options), { assets, origin: originOf(request, options), zone, zoneFault }))
  const coding = codingFor(request.header('accept-encoding'))
  const etag = `W/"${createHash('sha256').update(html).digest('base64url').slice(0, 16)}"`
  const headers = { 'cache-control': 'no-cache', vary: 'accept, accept-encoding', etag, 'content-security-policy': POLICY, ...NO_SNIFFING }
  return {
    status: 200,
    type: 'text/html; charset=utf-8',
    body: await encode(html, coding),
    headers: { ...headers, ...codingHeader(coding) },
  }
}

/** What is known at once. The page never waits for a part that is down. */
async function firstView(zone: string, { states, buckets }: PageMakersOptions): Promise<FirstView> {
  const nowMs = Date.now()
  const list = async (unit: 'minute' | 'day', { startMs, endMs }: { startMs: number; endMs: number }): Promise<readonly Bucket[]> => {
    const range = { startMs: BigInt(startMs), endMs: BigInt(endMs) }
    const listed = await buckets.list({ range, unit, timeZone: zone, strong: false })
    return listed.buckets.map(bucket => ({ ...bucket, startMs: Number(bucket.startMs) }))
  }
  const [state, minutes, days] = await Promise.all([
    inTime(states.now()),
    inTime(list('minute', gridRange(nowMs, zone))),
    inTime(list('day', daysRange(nowMs))),
  ])
  return { nowMs, state, minutes, days }
}

async function inTime<T>(answer: Promise<T>): Promise<T | undefined> {
  return within(FIRST_VIEW_MS, 'not in time for the first view', answer).catch(() => undefined)
}

function originOf(request: PageRequest, { isEncrypted }: PageMakersOptions): string {
  const host = request.header('host') ?? request.header(':authority') ?? ''
  return `http${isEncrypted ? 's' : ''}://${PLAIN_HOST.test(host) ? host : '127.0.0.1:8080'}`
}

function codingHeader(coding: string): Readonly<Record<string, string>> {
  return coding === 'identity' ? {} : { 'content-encoding': coding }
}
