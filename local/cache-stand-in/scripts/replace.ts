import { pairsOf } from '../arguments.ts'
import type { Keyspace } from '../keyspace.ts'
import type { Reply } from '../reply.ts'
import { partsOf } from './claim.ts'
import { raised } from './lua.ts'
import type { Twin } from './twin.ts'

/** src/counters/scripts/replace.lua */
export const REPLACE: Twin = { name: 'replace', sha1: 'dd4a7e9b79aba4a582b3a26c5c34995d82ba0830', run: replace }

function replace(keys: Keyspace, key: string | undefined, [token, ...fields]: readonly string[]): Reply {
  if (key === undefined) throw raised('redis.call without a key')
  const claim = keys.hash(key)?.get('claim')
  if (claim === undefined || partsOf(claim).holder !== token) return 'LOST'
  keys.delete(key)
  keys.setFields(key, [['claim', claim]])
  const CHUNK = 2_000
  for (let i = 0; i < fields.length; i += CHUNK) {
    const chunk = fields.slice(i, i + CHUNK)
    if (chunk.length % 2 !== 0) throw raised(`wrong number of arguments for 'hset' command`)
    keys.setFields(key, pairsOf(chunk))
  }
  keys.deleteFields(key, ['claim'])
  return 'OK'
}
