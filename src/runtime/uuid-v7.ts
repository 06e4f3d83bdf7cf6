import { randomFillSync } from 'node:crypto'

/** Random bytes of one id; the first two give 12 bits, the others 62. */
const RANDOM_BYTES = 10
const IDS_PER_FILL = 256
const VERSION = '7'

const random = Buffer.alloc(RANDOM_BYTES * IDS_PER_FILL)
let used = random.length
let lastMs = -1
/** The first 48 bits, as in an id. */
let time = ''

/**
 * A UUIDv7 (RFC 9562), so that ids created at the same time are close together in the index. Random bytes are fetched for many
 * ids at once, and the time is formatted once per millisecond, because both are expensive.
 */
export function uuidV7(): string {
  const nowMs = Date.now()
  if (nowMs !== lastMs) {
    lastMs = nowMs
    const hex = nowMs.toString(16).padStart(12, '0')
    time = `${hex.slice(0, 8)}-${hex.slice(8)}-${VERSION}`
  }
  if (used === random.length) {
    randomFillSync(random)
    used = 0
  }
  random[used + 2] = (random[used + 2]! & 0x3f) | 0x80 // the variant
  const hex = random.toString('hex', used, used + RANDOM_BYTES)
  used += RANDOM_BYTES
  return `${time}${hex.slice(1, 4)}-${hex.slice(4, 8)}-${hex.slice(8)}`
}
