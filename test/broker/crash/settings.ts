import { faultSettings } from '../../faults/settings.ts'
import { atDepth } from '../../support/depth.ts'

/** With the three runs that a fault test makes where TEST_DEPTH is `thorough`, fifty-one. */
const KILLS_A_RUN = atDepth({ normally: 5, thoroughly: 17 })

/** How often the broker is killed (`npm run faults -- --runs N --seed S crash`), and the seed of the random moments. */
export function crashSettings(): { readonly kills: number; readonly seed: number } {
  const { runs, seed } = faultSettings()
  return { kills: runs * KILLS_A_RUN, seed }
}
