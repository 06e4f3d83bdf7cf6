/** The longest time that Node's timers can hold, in ms: about 25 days. Longer ones would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** ms of each unit of the header grpc-timeout. */
const GRPC_UNITS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 0.001, n: 0.000_001 }

/** True for a header with a deadline so far away that it is none. */
export function isFarDeadline(name: string, value: string): boolean {
  if (name === 'connect-timeout-ms') return Number(value) > MAX_TIMER_MS
  if (name === 'grpc-timeout') return Number(value.slice(0, -1)) * (GRPC_UNITS[value.slice(-1)] ?? 0) > MAX_TIMER_MS
  return false
}
