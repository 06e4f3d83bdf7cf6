/**
 * How often tests repeat themselves. Each kind of check runs at both depths. `thorough` adds rounds, seeds and kills, and runs checks
 * with every broker, protocol and version of Postgres although their outcome hardly depends on it.
 */
export type Depth = 'normal' | 'thorough'

/** Reads TEST_DEPTH. Without it, CI=true means `thorough`. Throws for any other value. */
export function parseDepth({ TEST_DEPTH: depth, CI }: Readonly<Record<string, string | undefined>>): Depth {
  if (depth === undefined || depth === '') return CI === 'true' ? 'thorough' : 'normal'
  if (depth === 'normal' || depth === 'thorough') return depth
  throw new Error(`TEST_DEPTH: got ${JSON.stringify(depth)}, expected normal or thorough`)
}

/** The value for the depth of this run, such as `atDepth({ normally: 20, thoroughly: 100 })` kills. */
export function atDepth<T>(values: { readonly normally: T; readonly thoroughly: T }): T {
  return parseDepth(process.env) === 'thorough' ? values.thoroughly : values.normally
}

/** Normally only the first of these, or the first `count`, thoroughly all: for tests whose outcome hardly depends on which it is. */
export function firstOrAll<T>(all: readonly T[], count = 1): readonly T[] {
  return atDepth({ normally: all.slice(0, count), thoroughly: all })
}

/**
 * Defines tests only thoroughly: `thoroughly(test)('…', …)`. For a variant of a check that another test makes at both depths. A normal run
 * does not list it, since what it lists as skipped is what this machine cannot run.
 */
export function thoroughly<T extends (...args: never[]) => unknown>(define: T): T | (() => void) {
  return atDepth<T | (() => void)>({ normally: () => undefined, thoroughly: define })
}
