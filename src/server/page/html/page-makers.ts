import { createHash } from 'node:crypto'
import type { Page } from '../../../runtime/status-pages.ts'
import type { PageRequest } from '../../../transport/http/pages/page-request.ts'
import type { PageMaker } from '../../../transport/http/pages/serve-page.ts'
import { isZone } from '../assets/view.js'
import { ASSET_FOLDER, assetOfAnyVersion, readAssets, type Asset, type AssetName } from './assets.ts'
import { FirstViews, type FirstViewsOptions } from './first-views.ts'
import { codingFor, encode, type Coding } from './page-coding.ts'
import { pageHtml } from './page-html.ts'
import { prefersHtml } from './prefers-html.ts'
import { SharedPages } from './shared-pages.ts'

const UTC = 'UTC'
const STRICT = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' }
/** As browsers accept them. */
const CODINGS: readonly Coding[] = ['br', 'gzip']
const FIRST_HEADERS: Readonly<Record<string, string>> = { accept: 'text/html', 'accept-encoding': CODINGS.join() }
const FIRST_REQUEST: PageRequest = { path: '/', origin: '', query: new URLSearchParams(), header: name => FIRST_HEADERS[name] }
/** For a file whose name has its hash. */
const KEPT = 'public, max-age=31536000, immutable'
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

export interface PageMakers {
  /** By path. */
  readonly pages: ReadonlyMap<string, PageMaker>
  /** Makers of the other pages of a folder, by its path. */
  readonly folders: ReadonlyMap<string, PageMaker>
  /** Makes everything once, so that the first browser need not wait for code that has never run and files that are not compressed. */
  warm(): Promise<void>
}

/** The live page and its files. */
export function pageMakers(options: FirstViewsOptions): PageMakers {
  const assets = readAssets()
  const own: LivePageOptions = { assets, views: new FirstViews(options), shared: new SharedPages() }
  const pages = new Map<string, PageMaker>([
    ['/', request => livePage(request, own)],
    ['/favicon.ico', async () => ({ status: 204, type: 'image/x-icon', body: '', headers: { 'cache-control': 'max-age=86400' } })],
    ...Object.values(assets).map((asset): [string, PageMaker] => [asset.path, request => assetPage(request, asset, KEPT)]),
  ])
  return {
    pages,
    folders: new Map([[ASSET_FOLDER, request => otherVersion(request, assets)]]),
    async warm() {
      await livePage(FIRST_REQUEST, own)
      // One after the other, so that calls are not held up.
      for (const coding of CODINGS) for (const asset of Object.values(assets)) await asset.bytes(coding)
    },
  }
}

async function otherVersion(request: PageRequest, assets: LivePageOptions['assets']): Promise<Page | undefined> {
  const asset = assetOfAnyVersion(assets, request.path)
  return asset && assetPage(request, asset, 'no-store')
}

async function assetPage(request: PageRequest, asset: Asset, cacheControl: string): Promise<Page> {
  const coding = codingFor(request.header('accept-encoding'))
  return {
    status: 200,
    type: asset.type,
    body: await asset.bytes(coding),
    headers: { 'cache-control': cacheControl, vary: 'accept-encoding', ...codingHeader(coding), ...STRICT },
  }
}

interface LivePageOptions {
  readonly assets: Readonly<Record<AssetName, Asset>>
  readonly views: FirstViews
  readonly shared: SharedPages
}

/** Undefined: the caller is no browser. */
async function livePage(request: PageRequest, { assets, views, shared }: LivePageOptions): Promise<Page | undefined> {
  if (!prefersHtml(request.header('accept'))) return undefined
  const asked = request.query.get('zone') ?? UTC
  const zone = isZone(asked) ? asked : UTC
  const zoneFault =
    zone === asked
      ? undefined
      : `zone: got ${asked.slice(0, 100)}, expected the name of a time zone, such as Europe/Berlin. Times are in UTC.`
  const coding = codingFor(request.header('accept-encoding'))
  const { origin } = request
  const state = await views.state()
  const make = async (): Promise<Page> => encodedPage(pageHtml(await views.view(zone, state), { assets, origin, zone, zoneFault }), coding)
  return zoneFault === undefined ? shared.get(state, `${coding} ${zone} ${origin}`, make) : make()
}

async function encodedPage(text: string, coding: Coding): Promise<Page> {
  const html = Buffer.from(text)
  const etag = `W/"${createHash('sha256').update(html).digest('base64url').slice(0, 16)}"`
  const headers = { 'cache-control': 'no-cache', vary: 'accept, accept-encoding', etag, 'content-security-policy': POLICY, ...STRICT }
  return {
    status: 200,
    type: 'text/html; charset=utf-8',
    body: await encode(html, coding),
    headers: { ...headers, ...codingHeader(coding) },
  }
}

function codingHeader(coding: string): Readonly<Record<string, string>> {
  return coding === 'identity' ? {} : { 'content-encoding': coding }
}
