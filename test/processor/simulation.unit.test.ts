import { expect, test } from 'vitest'
import { atDepth } from '../support/depth.ts'
import { runSimulations } from './simulation/run.ts'

/** More of them, or others: PING_SIMULATIONS=20000 PING_SEED=7 npx vitest run test/processor/simulation */
const RUNS = Number(process.env['PING_SIMULATIONS'] ?? atDepth({ normally: 250, thoroughly: 1_000 }))
const SEED = Number(process.env['PING_SEED'] ?? Date.now() % 1e9)

test(
  `no matter what fails, and in what order, the cache ends equal to the ledger (${RUNS} runs from seed ${SEED})`,
  { timeout: 60_000 + RUNS * 100 },
  async () => {
    expect(await runSimulations(SEED, RUNS)).toBeUndefined()
  },
)
