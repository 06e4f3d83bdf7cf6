import type { Command } from 'commander'
import { rebuild as rebuildCache, type RebuildOutcome, type RebuildWindow } from '../../counters/rebuild.ts'
import { hashSettings } from '../../counters/settings.ts'
import { readHeads } from '../../ledger/heads.ts'
import { readCounts } from '../../ledger/snapshot.ts'
import { wait } from '../../runtime/wait.ts'
import type { CountsSnapshot } from '../../terms/counts-snapshot.ts'
import type { Context, Wiring } from '../context.ts'
import { CliError, EXIT, type ExitCode } from '../exit-codes.ts'
import { formatDuration } from '../formats/duration.ts'
import { openCache, type OpenCache } from '../stores/open-cache.ts'
import { ledgerError, openLedger } from '../stores/open-ledger.ts'

const PAUSE_MS = 250

const EXAMPLES = `
Claims the cache first, so that nothing else writes to it. Then reads all counts from one snapshot of Postgres, and
replaces the whole hash ping:counters at once. Until then, the server answers PingCount from Postgres. If a processor has
already begun a rebuild, pingcli waits for it, until --timeout, and then rebuilds the cache again.

Settings (environment): DATABASE_URL, or DB_HOST DB_PORT DB_USER DB_PASSWORD DB_NAME; REDIS_URL, or REDIS_HOST
REDIS_PORT; MAX_MINUTES, with the processor's value. --address and --protocol are not used.

Output: what was written. With --json {"total","lanes","minutes","elapsedMs"}.

Examples:
  pingcli rebuild
  pingcli rebuild --timeout 1m && pingcli verify
  DATABASE_URL=postgres://ping@db/ping REDIS_URL=redis://cache pingcli rebuild`

export function addRebuildCommand(program: Command, { contextOf, end }: Wiring): void {
  program
    .command('rebuild')
    .summary('rebuild the cache from Postgres')
    .description('Replaces the counts in the cache with those in Postgres.')
    .addHelpText('after', EXAMPLES)
    .action(async (_: unknown, command: Command) => end(await rebuild(contextOf(command))))
}

async function rebuild(context: Context): Promise<ExitCode> {
  const cache = openCache(context)
  const ledger = openLedger(context)
  const begin = performance.now()
  let counts: CountsSnapshot | undefined
  const read = async (window: RebuildWindow): Promise<CountsSnapshot> => {
    const got = await readCounts(ledger, window).catch(error => Promise.reject(ledgerError(error)))
    counts = got
    return got
  }
  try {
    // Before the claim, which empties the cache: without Postgres it could not be filled again.
    await readHeads(ledger).catch(error => Promise.reject(ledgerError(error)))
    await cache.ready()
    await rebuildUntilDone(cache, read, context)
  } finally {
    cache.close()
    void ledger.end()
  }
  report(counts, performance.now() - begin, context)
  return EXIT.ok
}

async function rebuildUntilDone(
  { cache }: OpenCache,
  read: (window: RebuildWindow) => Promise<CountsSnapshot>,
  { settings, timeoutMs, interrupt }: Context,
): Promise<void> {
  const { maxMinutes } = settings(hashSettings)
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const outcome = await rebuildCache(cache, read, maxMinutes)
    if (outcome === 'rebuilt') return
    const exitCode = interrupt.exitCode()
    if (exitCode !== undefined) throw new CliError(exitCode, 'interrupted')
    if (performance.now() >= deadline) throw new CliError(EXIT.failed, `not rebuilt: ${WHY[outcome]}`)
    await wait(PAUSE_MS, interrupt.asked)
  }
}

const WHY: Readonly<Record<Exclude<RebuildOutcome, 'rebuilt'>, string>> = {
  claimed: 'another rebuild was running until --timeout',
  lost: 'another rebuild took over before this one finished',
}

function report(counts: CountsSnapshot | undefined, elapsedMs: number, { output }: Context): void {
  if (!counts) throw new CliError(EXIT.failed, 'rebuilt without a snapshot')
  const { total, heads, minutes } = counts
  output.result(
    { total, lanes: heads.length, minutes: minutes.size, elapsedMs: Math.round(elapsedMs) },
    `rebuilt the cache in ${formatDuration(elapsedMs)}: ${total} pings in ${heads.length} lanes and ${minutes.size} minutes`,
  )
}
