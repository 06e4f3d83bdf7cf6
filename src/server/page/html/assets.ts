import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { encode, type Coding } from './page-coding.ts'

/** The files that the page consists of, besides its HTML. The browser loads them as they are. */
const TYPES = {
  'page.css': 'text/css; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'server.js': 'text/javascript; charset=utf-8',
  'view.js': 'text/javascript; charset=utf-8',
  'calendar.js': 'text/javascript; charset=utf-8',
} as const
/** The folder under which the files are served. */
export const ASSET_FOLDER = '/page/'
const FOLDER = join(import.meta.dirname, '..', 'assets')
const HASH_LENGTH = 12
const HASHED = new RegExp(`^([a-z]+)-\\w{${HASH_LENGTH}}\\.([a-z]+)$`)

export type AssetName = keyof typeof TYPES

/** A file under a name that contains a hash of all of them, so that it may be cached permanently. */
export interface Asset {
  readonly path: string
  readonly type: string
  bytes(coding: Coding): Promise<Uint8Array>
}

/** Reads the files. Their compressed forms are made when they are first asked for. */
export function readAssets(): Readonly<Record<AssetName, Asset>> {
  const names = Object.keys(TYPES) as AssetName[]
  const texts = names.map(name => readFileSync(join(FOLDER, name), 'utf8'))
  const hash = createHash('sha256').update(texts.join('\0')).digest('base64url').replaceAll(/\W/g, '').slice(0, HASH_LENGTH)
  const assets = names.map((name, index) => [name, toAsset(name, hash, texts[index]!)] as const)
  return Object.fromEntries(assets) as Record<AssetName, Asset>
}

/**
 * The file that a page of another version of this server asks for, under its own hash: while servers are replaced, one may have sent the
 * page, and another gets the request for its files. Undefined: the path is not that of a file of any version.
 */
export function assetOfAnyVersion(assets: Readonly<Record<AssetName, Asset>>, path: string): Asset | undefined {
  const [, stem, extension] = HASHED.exec(path.slice(ASSET_FOLDER.length)) ?? []
  const name = `${stem}.${extension}`
  return Object.hasOwn(assets, name) ? assets[name as AssetName] : undefined
}

function toAsset(name: AssetName, hash: string, text: string): Asset {
  const bytes = Buffer.from(name.endsWith('.js') ? withHashedImports(text, hash) : text)
  const encoded = new Map<Coding, Promise<Uint8Array>>()
  return {
    path: `${ASSET_FOLDER}${hashed(name, hash)}`,
    type: TYPES[name],
    bytes(coding) {
      const made = encoded.get(coding) ?? encode(bytes, coding, true)
      encoded.set(coding, made)
      return made
    },
  }
}

/** `page.js` → `page-<hash>.js` */
function hashed(name: string, hash: string): string {
  return name.replace('.', `-${hash}.`)
}

/** Modules import each other by the names under which they are served. */
function withHashedImports(text: string, hash: string): string {
  return text.replaceAll(/(?<=from '\.\/)\w+\.js(?=')/g, name => hashed(name, hash))
}
