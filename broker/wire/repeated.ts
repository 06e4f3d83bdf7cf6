/** The keys that occur more than once. */
export function repeated<Key>(keys: readonly Key[]): ReadonlySet<Key> {
  const seen = new Set<Key>()
  return new Set(keys.filter(key => seen.size === seen.add(key).size))
}
