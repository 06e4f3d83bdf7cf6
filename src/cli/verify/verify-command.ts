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
import { haveCome, look, readGoals, type Sources } from './look.ts'
import { sendPings } from './send-pings.ts'
import { toDocument, toText } from './verify-report.ts'

const DEFAULT_WAIT_MS = 5_000
const PAUSE_MS = 200
const MOST_PINGS = 1_000_000

interface VerifyOptions {
  readonly wait: number
  readonly pings?: number
  readonly cache: boolean
  readonly server: boolean
  readonly topic: boolean
}

const EXAMPLES = `
Reads Postgres and the cache directly, and PingCount from the server, and compares: in each lane the head with the
number of rows, with the published position (how far Postgres says the topic has got: Kafka itself is not read) and
with the position that the cache has applied; the total as the sum of heads, COUNT(*), the cache's
and the server's; the minutes of the rollup and of the cache with the rows. All rows are counted one by one: on a big
database this takes its time. Pings may come in meanwhile: each part is compared with the rows up to where it is, and has
--wait to come up to the heads that there were when verify began.

Settings (environment): DATABASE_URL, or DB_HOST DB_PORT DB_USER DB_PASSWORD DB_NAME; REDIS_URL, or REDIS_HOST REDIS_PORT.

Exit codes: 0 all equal; 1 a difference, a cache that could not be read among them; 3 Postgres is away; 4 the server
refuses this caller. A server that is away is only noted.

Output: a table, then "OK" or "DIFFERENCE: …", which names the first. With --json one document:
{"ok","differences","total":{"heads","rows","cache","server","serverStrong"},"minutes":{"rows","rollup","cache"},
"cache","server","topic","lanes":[{"lane","head","rows","published","folded","applied","lag"}]}.

Examples:
  pingcli verify
  pingcli verify --wait 30s
  pingcli verify --pings 100                          the whole way, after a deployment
  pingcli verify --no-topic                           where Kafka does not run
  pingcli verify --no-cache --no-server --no-topic    Postgres alone
  DATABASE_URL=postgres://ping@db/ping REDIS_URL=redis://cache pingcli verify --json | jq .differences`

export function addVerifyCommand(program: Command, { contextOf, end }: Wiring): void {
  program
    .command('verify')
    .summary('check that no ping is lost or counted twice')
    .description('Checks that Postgres, the published positions in it, the cache and the server agree on every ping.')
    .addOption(
      formatted('--wait <duration>', 'how long the pipeline may take to bring what is recorded everywhere', duration(0)).default(
        DEFAULT_WAIT_MS,
        '5s',
      ),
    )
    .addOption(formatted('--pings <count>', 'record so many pings first, and expect them in the strong count', wholeNumber(1, MOST_PINGS)))
    .option('--no-cache', 'leave the cache out')
    .option('--no-server', 'leave the server out')
    .option('--no-topic', 'leave the published positions out, as where Kafka does not run')
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

/** Looks until what was there at the beginning has arrived everywhere, or `waitMs` is over; the last look is the result. */
async function lookUntilEqual(sources: Sources, waitMs: number, { interrupt }: Context): Promise<Evidence> {
  const deadline = performance.now() + waitMs
  const goals = await readGoals(sources)
  const goesOn = (): boolean => performance.now() < deadline && !interrupt.asked.aborted
  for (;;) {
    // Counting every row is worth it only when all may be well, or time is over.
    while (goesOn() && !(await haveCome(sources, goals))) await wait(PAUSE_MS, interrupt.asked)
    const evidence = interrupt.asked.aborted ? undefined : await look(sources, goals)
    // What was seen while somebody gave up waiting is not the result.
    if (evidence === undefined || interrupt.asked.aborted) throw new CliError(interrupt.exitCode() ?? EXIT.interrupted, 'interrupted')
    if (findDifferences(evidence).length === 0 || !goesOn()) return evidence
    await wait(PAUSE_MS, interrupt.asked)
  }
}
