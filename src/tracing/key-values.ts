/**
 * Reads `key=value,key=value`, as OpenTelemetry's variables have them: spaces around keys and values do not count, and special
 * characters are written as %XX. Undefined if the text is malformed.
 */
export function parseKeyValues(text: string): ReadonlyMap<string, string> | undefined {
  const pairs = new Map<string, string>()
  for (const item of text.split(',')) {
    if (item.trim() === '') continue // such as after the last comma
    const equals = item.indexOf('=')
    const key = decoded(item.slice(0, Math.max(0, equals)))
    const value = decoded(item.slice(equals + 1))
    if (key === undefined || key === '' || value === undefined) return undefined
    pairs.set(key, value)
  }
  return pairs
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.trim())
  } catch {
    return undefined
  }
}
