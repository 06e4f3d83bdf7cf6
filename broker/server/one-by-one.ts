import { setImmediate } from 'node:timers/promises'

/** So long others wait at most, but for the one part that is being done, in ms. */
const TURN_MS = 10

/** Does the parts of a request in their order. What writes files may take long in sum: other connections are served in between. */
export async function oneByOne<Part, Result>(parts: readonly Part[], action: (part: Part) => Result): Promise<Result[]> {
  const results: Result[] = []
  let turnBegan = performance.now()
  for (const part of parts) {
    if (performance.now() - turnBegan > TURN_MS) {
      await setImmediate()
      turnBegan = performance.now()
    }
    results.push(action(part))
  }
  return results
}
