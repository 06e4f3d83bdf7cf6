import { setImmediate } from 'node:timers/promises'

/** Maximum time that other connections wait, in ms, plus the part in progress. */
const TURN_MS = 10

/** Runs the parts of a request in order. Since parts that write files may take long in total, other connections are served in between. */
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
