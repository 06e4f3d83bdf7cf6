import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

const ID_BYTES = 16
const IDS_PER_FILL = 256

const random = new Uint8Array(ID_BYTES * IDS_PER_FILL)
let used = random.length

/** A UUIDv7, so that the ids of one moment lie together in the index. Random bytes are fetched for many at once: each fetch is dear. */
export function uuidV7(): string {
  return v7({ rng: nextRandom })
}

function nextRandom(): Uint8Array {
  if (used === random.length) {
    randomFillSync(random)
    used = 0
  }
  used += ID_BYTES
  return random.subarray(used - ID_BYTES, used)
}
