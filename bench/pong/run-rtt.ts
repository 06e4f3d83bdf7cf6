import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { systemEnvironment } from '../../local/launch/system-environment.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
/** A line for each probe on a fixed schedule. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024
/** Of a run on the slowest machine; one that hangs is ended. */
const MAX_RUN_MS = 5 * 60_000

/** Percentiles in ms. */
export interface Spread {
  readonly p50: number
  readonly p99: number
}

/** What `pingcli rtt --json` prints last. */
export interface RttSummary {
  readonly due: number
  readonly answered: number
  readonly lost: number
  readonly late: number
  readonly duplicate: number
  readonly elapsedMs: number
  readonly latencyMs: { readonly ack: Spread; readonly echo: Spread; readonly pong: Spread; readonly road: Spread }
}

/** Runs `pingcli rtt --pong` with these options. Rejects if it fails, or if a ping is not answered in time. */
export async function runRtt(kafkaPort: number, options: readonly string[]): Promise<RttSummary> {
  const args = [MAIN, 'rtt', '--pong', '--json', ...options]
  const env = { ...systemEnvironment(), KAFKA_BROKERS: `127.0.0.1:${kafkaPort}` }
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, maxBuffer: MAX_OUTPUT_BYTES, timeout: MAX_RUN_MS })
  const last: unknown = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
  return last as RttSummary
}
