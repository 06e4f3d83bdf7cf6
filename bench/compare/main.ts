/** `npm run compare`: plays one history against the plain way and against Ping, and prints what both count. */
import { Command, Option } from 'commander'
import { CONTENDERS, type Contender } from '../parts/brokers.ts'
import { missingForBench, startParts } from '../parts/parts.ts'
import type { ProgramHost } from '../ping/ping-programs.ts'
import { runAndExit } from '../run-and-exit.ts'
import { DAY_MS, EXPECTED_YESTERDAY, history, yesterdayCounts } from './history.ts'
import { startPingSide } from './ping-side.ts'
import { startPlainSide } from './plain-side.ts'
import { brokenPromises, renderReport, type Played } from './report.ts'

/** A run that hangs is ended after this time. */
const MAX_RUN_MS = 5 * 60_000

const { broker, quick } = new Command('npm run compare --')
  .description(
    'Plays one history with lost answers, kills and outages against the plain way and against Ping, and prints what both count. It starts everything itself, and exits with 1 if Ping counts wrongly.',
  )
  .addOption(new Option('--broker <kind>', "Ping's own broker, or Apache Kafka").choices(CONTENDERS).default('ours'))
  .option('--quick', 'without the kills and the outage of Kafka')
  .parse(process.argv)
  .opts<{ broker: Contender; quick?: true }>()
const missing = missingForBench(broker)
if (missing !== undefined) {
  console.error(`the comparison cannot run here: ${missing}`)
  process.exit(1)
}

await runAndExit(MAX_RUN_MS, async ({ teardown, progress, complain }) => {
  progress('starting Postgres, the broker and the cache')
  const options = { broker, profileDir: undefined }
  const parts = await startParts(teardown, options)
  const host: ProgramHost = { options, parts, teardown }
  progress('starting both systems')
  const plain = await startPlainSide(host)
  const ping = await startPingSide(host)
  const sides = [plain, ping]
  const yesterdayMs = (Math.floor(Date.now() / DAY_MS) - 1) * DAY_MS
  const played: Played[] = []
  let meant = 0
  for (const { title, play } of history(parts.kafka, yesterdayMs, quick === true)) {
    progress(title)
    meant += await play(sides)
    const [plainCounts, pingCounts] = await Promise.all([plain.settled(), ping.settled()])
    played.push({ title, meant, plain: plainCounts, ping: pingCounts })
  }
  const [ofPlain = 0, ofPing = 0] = await yesterdayCounts(sides, yesterdayMs)
  const yesterday = { meant: EXPECTED_YESTERDAY, plain: ofPlain, ping: ofPing }
  console.log(renderReport(played, yesterday))
  for (const reason of brokenPromises(played, yesterday)) complain(reason)
})
