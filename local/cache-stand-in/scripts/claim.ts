import type { Keyspace } from '../keyspace.ts'
import type { Reply } from '../reply.ts'
import { number, raised, text, toNumber } from './lua.ts'
import type { Twin } from './twin.ts'

/** src/counters/scripts/claim.lua */
export const CLAIM: Twin = { name: 'claim', sha1: '73f1d94937d373b827cb9d1e42df18091d1d0803', run: claim }

function claim(keys: Keyspace, key: string | undefined, argv: readonly string[]): Reply {
  const [token, nowText, voidAfterText, mode] = argv
  const held = key === undefined || keys.type(key) === 'string' ? undefined : keys.hash(key)?.get('claim')
  if (held === undefined ? mode === 'renew' : isAnothers(held, { token, now: toNumber(nowText), voidAfter: toNumber(voidAfterText), mode }))
    return 'CLAIMED'
  if (key === undefined) throw raised('redis.call without a key')
  keys.delete(key)
  keys.setFields(key, [['claim', `${text(token)}:${text(nowText)}`]])
  return 'OK'
}

interface Claimant {
  readonly token: string | undefined
  readonly now: number | undefined
  readonly voidAfter: number | undefined
  readonly mode: string | undefined
}

function isAnothers(held: string, { token, now, voidAfter, mode }: Claimant): boolean {
  const { holder, at } = partsOf(held)
  const age = at === undefined ? voidAfter : number(now) - Number(at)
  if (holder === token) return false
  return (number(age) < number(voidAfter) && number(age) > -number(voidAfter)) || mode === 'renew'
}

/** The parts of a claim, `<holder>:<time>`; none of a malformed one. */
export function partsOf(held: string): { readonly holder?: string; readonly at?: string } {
  const colon = held.lastIndexOf(':')
  const at = held.slice(colon + 1)
  return colon >= 0 && /^\d+$/.test(at) ? { holder: held.slice(0, colon), at } : {}
}
