/** At most this part of a name may differ for another to be proposed. */
const MOST_DIFFERENT = 0.3

/** The name that is most likely meant by one that is not known; undefined when none is near. */
export function nearestKey(name: string, known: Iterable<string>): string | undefined {
  const wanted = plain(name)
  let nearest: string | undefined
  let least = Math.max(1, Math.floor(wanted.length * MOST_DIFFERENT)) + 1
  for (const candidate of known) {
    const far = distance(wanted, plain(candidate))
    if (far < least) [nearest, least] = [candidate, far]
  }
  return nearest
}

/** Names as people write them elsewhere: LOG_RETENTION_MS, logRetentionMs, log-retention-ms. */
function plain(name: string): string {
  return name
    .replace(/([a-z])([A-Z])/g, '$1.$2')
    .replace(/[_-]/g, '.')
    .toLowerCase()
}

/** How many letters have to be changed, added or left out. */
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
