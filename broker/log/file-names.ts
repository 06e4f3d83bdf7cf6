const OFFSET_DIGITS = 20
const OFFSET_NAME = /^\d{20}\.[a-z]+$/

export const SEGMENT_SUFFIX = '.log'
export const INDEX_SUFFIX = '.index'
export const SNAPSHOT_SUFFIX = '.snapshot'

/** What a file is called that belongs to an offset: twenty digits, so that names sort as offsets do. */
export function fileName(offset: bigint, suffix: string): string {
  return String(offset).padStart(OFFSET_DIGITS, '0') + suffix
}

/** The offsets of the files with this ending, ascending. */
export function offsetsOf(names: readonly string[], suffix: string): bigint[] {
  const ours = names.filter(name => name.endsWith(suffix) && OFFSET_NAME.test(name))
  return ours.sort().map(name => BigInt(name.slice(0, -suffix.length)))
}
