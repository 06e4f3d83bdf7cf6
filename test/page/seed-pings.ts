import { expect } from 'vitest'
import { seededRandom } from '../support/random.ts'

const BATCH = 10_000
const MINUTE_MS = 60_000
const DAY_MINUTES = 1_440
const DAYS = 30
const SEED = 30

/** Records pings of the last 30 days: few at night, more by day, with a peak here and there. The same at every run. Resolves with their number. */
export async function seedPings(url: string): Promise<number> {
  const random = seededRandom(SEED)
  const nowMs = Date.now()
  const times: number[] = []
  for (let minutesAgo = 1; minutesAgo < DAY_MINUTES; minutesAgo++) {
    const rhythm = 1 - Math.cos((2 * Math.PI * ((nowMs / MINUTE_MS - minutesAgo) % DAY_MINUTES)) / DAY_MINUTES)
    const peak = minutesAgo % 397 < 9 ? 25 : 1
    for (let left = Math.floor(rhythm * rhythm * peak * 2 * random.next()); left > 0; left--) times.push(nowMs - minutesAgo * MINUTE_MS)
  }
  for (let day = 1; day < DAYS; day++)
    for (let left = Math.floor(600 * 2 * random.next() + 15 * (DAYS - day)); left > 0; left--)
      times.push(nowMs - day * DAY_MINUTES * MINUTE_MS - left)
  for (let first = 0; first < times.length; first += BATCH) {
    const pings = times.slice(first, first + BATCH).map(timestampMs => ({ timestampMs: String(timestampMs) }))
    const answer = await fetch(`${url}/ping.v1.PingService/PingBatch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ pings }),
    })
    expect(await answer.text()).not.toContain('failure')
    expect(answer.status).toBe(200)
  }
  return times.length
}
