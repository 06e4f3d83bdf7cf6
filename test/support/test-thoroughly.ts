import { test } from 'vitest'
import { atDepth } from './depth.ts'

/** As `test`, which lists nothing: a test that is not listed does not count as skipped. */
const unlisted = Object.assign(() => undefined, { concurrent: () => undefined, each: () => () => undefined })

/**
 * `test` for a variant of what another test checks at both depths: it is listed only where TEST_DEPTH is `thorough`. A group needs a test
 * that is always listed.
 */
export const testThoroughly = atDepth({ normally: unlisted as unknown as typeof test, thoroughly: test })
