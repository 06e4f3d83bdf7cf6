import type { Command } from 'commander'
import { wait } from '../../runtime/wait.ts'
import type { Context, Wiring } from '../context.ts'
import { CliError, EXIT, type ExitCode } from '../exit-codes.ts'
import { duration } from '../formats/duration.ts'
import { wholeNumber } from '../formats/whole-number.ts'
import { formatted } from '../options.ts'
import { openCache } from '../stores/open-cache.ts'
import { ledgerError, openLedger } from '../stores/open-ledger.ts'
import type { Evidence } from './evidence.ts'
import { findDifferences } from './find-differences.ts'
import { haveReached, look, readGoals, type Sources } from './look.ts'
import { sendPings } from './send-pings.ts'
import { toDocument, toText } from './verify-report.ts'

const DEFAULT_WAIT_MS = 5_000
const PAUSE_MS = 200
const MAX_PINGS = 1_000_000

interface VerifyOptions {
  readonly wait: number
  readonly pings?: number
  readonly cache: boolean
  readonly server: boolean
  readonly topic: boolean
}

const EXAMPLES = `
Reads Postgres and the cache directly, calls PingCount on the server, and compares:
  lanes    the head with the number of rows, the published position (how far the topic has got, as Postgres says:
           Kafka itself is not read) and the position that the cache has applied
  total    the sum of the heads, COUNT(*), the cache's total and the server's counts
  minutes  those of the rollup and of the cache with the rows

Every row is counted, which takes a while on a large database. Pings may be recorded during the check: each part is
compared with the rows up to its own position, and has --wait to reach the heads that existed when verify began.

Settings (environment): DATABASE_URL, or DB_HOST DB_PORT DB_USER DB_PASSWORD DB_NAME; REDIS_URL, or REDIS_HOST REDIS_PORT.

Exit codes: 0 everything agrees; 1 there is a difference, or the cache cannot be read; 3 Postgres is unreachable; 4 the
server refuses this caller. An unreachable server is reported, but is no failure.

Output: a table, then "OK" or "DIFFERENCE: …" with the first difference. With --json, one document:
{"ok","differences","total":{"heads","rows","cache","server","serverStrong"},"minutes":{"rows","rollup","cache"},
"cache","server","topic","lanes":[{"lane","head","rows","published","folded","applied","lag"}]}.

Examples:
  pingcli verify
  pingcli verify --wait 30s
  pingcli verify --pings 100                          the whole path, after a deployment
  pingcli verify --no-topic                           where Kafka does not run
  pingcli verify --no-cache --no-server --no-topic    Postgres only
  DATABASE_URL=postgres://ping@db/ping REDIS_URL=redis://cache pingcli verify --json | jq .differences`

export function addVerifyCommand(program: Command, { contextOf, end }: Wiring): void {
  program
    .command('verify')
    .summary('check that no ping is lost or counted twice')
    .description('Checks that Postgres, the published positions in it, the cache and the server agree on every ping.')
    .addOption(
      formatted('--wait <duration>', 'how long to wait until all parts have what is recorded', duration(0)).default(DEFAULT_WAIT_MS, '5s'),
    )
    .addOption(formatted('--pings <count>', 'record this many pings first, and expect them in the strong count', wholeNumber(1, MAX_PINGS)))
    .option('--no-cache', 'skip the cache')
    .option('--no-server', 'skip the server')
    .option('--no-topic', 'skip the published positions, for example where Kafka does not run')
    .addHelpText('after', EXAMPLES)
    .action(async (options: VerifyOptions, command: Command) => {
      if (options.pings !== undefined && !options.server) {
        command.error("error: option '--pings <count>' needs the server. Got --no-server with it, expected one of them.")
      }
      end(await verify(options, contextOf(command)))
    })
}

async function verify(options: VerifyOptions, context: Context): Promise<ExitCode> {
  const cache = options.cache ? openCache(context) : undefined
  const server = options.server ? context.createClient() : undefined
  const ledger = openLedger(context)
  try {
    const lost = server && options.pings !== undefined ? await sendPings(server, options.pings, context) : []
    const evidence = await lookUntilEqual({ ledger, cache, server, topic: options.topic }, options.wait, context)
    const differences = [...lost, ...findDifferences(evidence)]
    context.output.result(toDocument(evidence, differences), toText(evidence, differences))
    return differences.length === 0 ? EXIT.ok : EXIT.failed
  } catch (error) {
    throw ledgerError(error)
  } finally {
    cache?.close()
    server?.close()
    void ledger.end()
  }
}

/** Looks until every part has what was recorded at the beginning, or `waitMs` is over; the last look is the result. */
async function lookUntilEqual(sources: Sources, waitMs: number, { interrupt }: Context): Promise<Evidence> {
  const deadline = performance.now() + waitMs
  const goals = await readGoals(sources)
  const goesOn = (): boolean => performance.now() < deadline && !interrupt.asked.aborted
  for (;;) {
    // Counting every row is worth it only when everything may agree, or time is up.
    while (goesOn() && !(await haveReached(sources, goals))) await wait(PAUSE_MS, interrupt.asked)
    const evidence = interrupt.asked.aborted ? undefined : await look(sources, goals)
    // What was read after the interrupt is not the result.
    if (evidence === undefined || interrupt.asked.aborted) throw new CliError(interrupt.exitCode() ?? EXIT.interrupted, 'interrupted')
    if (findDifferences(evidence).length === 0 || !goesOn()) return evidence
    await wait(PAUSE_MS, interrupt.asked)
  }
}
