import { SimulatedCache } from './cache.ts'
import { simulate, type Weather } from './simulation.ts'
import { VirtualTime } from './virtual-time.ts'

const WEATHERS: readonly Weather[] = [
  { ticks: true, failover: false },
  { ticks: true, failover: true },
  { ticks: false, failover: false },
]

export interface Finding {
  readonly seed: number
  readonly weather: Weather
  readonly wrong: string
}

/** Runs seeds `first`, `first` + 1, …, each in one weather; the first that goes wrong, or undefined. */
export async function runSimulations(first: number, count: number): Promise<Finding | undefined> {
  const time = new VirtualTime()
  const cache = new SimulatedCache(time)
  for (let seed = first; seed < first + count; seed++) {
    const weather = WEATHERS[seed % WEATHERS.length]!
    time.install()
    try {
      const wrong = await simulate(seed, weather, cache, time)
      if (wrong !== undefined) return { seed, weather, wrong }
    } finally {
      time.uninstall()
    }
  }
  return undefined
}
