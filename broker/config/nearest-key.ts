/** A known name is suggested only if it differs in at most this share of its characters. */
const MAX_DIFFERENT_SHARE = 0.3

/** The known name that is closest to an unknown one; undefined if none is close. */
export function nearestKey(name: string, known: Iterable<string>): string | undefined {
  const wanted = plain(name)
  let nearest: string | undefined
  let minimum = Math.max(1, Math.floor(wanted.length * MAX_DIFFERENT_SHARE)) + 1
  for (const candidate of known) {
    const far = distance(wanted, plain(candidate))
    if (far < minimum) [nearest, minimum] = [candidate, far]
  }
  return nearest
}

/** Accepts the spellings of other places: LOG_RETENTION_MS, logRetentionMs, log-retention-ms. */
function plain(name: string): string {
  return name
    .replace(/([a-z])([A-Z])/g, '$1.$2')
    .replace(/[_-]/g, '.')
    .toLowerCase()
}

/** How many characters have to be changed, added or removed. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1]
    for (let j = 0; j < to.length; j++) {
      const swap = row[j]! + (letter === to[j] ? 0 : 1)
      next.push(Math.min(swap, row[j + 1]! + 1, next[j]! + 1))
    }
    row = next
  }
  return row[to.length]!
}
