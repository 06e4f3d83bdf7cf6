const OFFSET_DIGITS = 20
const OFFSET_NAME = /^\d{20}\.[a-z]+$/

export const SEGMENT_SUFFIX = '.log'
export const INDEX_SUFFIX = '.index'
export const SNAPSHOT_SUFFIX = '.snapshot'

/** The name of the file for an offset: twenty digits, so that names sort like offsets. */
export function fileName(offset: bigint, suffix: string): string {
  return String(offset).padStart(OFFSET_DIGITS, '0') + suffix
}

/** The offsets of the files with this suffix, ascending. */
export function offsetsOf(names: readonly string[], suffix: string): bigint[] {
  const ours = names.filter(name => name.endsWith(suffix) && OFFSET_NAME.test(name))
  return ours.sort().map(name => BigInt(name.slice(0, -suffix.length)))
}
