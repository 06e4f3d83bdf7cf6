/** `npm run bench:broker`: starts Ping's broker and Apache Kafka, measures both in turns, prints tables, stops everything. */
import { writeFileSync } from 'node:fs'
import { missingForKafka } from '../../local/launch/kafka-jars.ts'
import { readMachineTime, shareOfOthers } from '../measuring/cpu.ts'
import { describeHost } from '../parts/machine.ts'
import { runAndExit } from '../run-and-exit.ts'
import { readCommand } from './broker-bench-command.ts'
import type { Figures } from './figures.ts'
import { judgeAims } from './judge-aims.ts'
import { measure } from './measure.ts'
import { renderReport } from './render-report.ts'

/** A run that hangs is ended after this time. */
const MAX_RUN_MS = 10 * 60_000

const { scale, jsonPath, profileDir, text } = readCommand(process.argv)
const missing = missingForKafka()
if (missing !== undefined) {
  console.error(`the bench cannot run here: ${missing}`)
  process.exit(1)
}

await runAndExit(MAX_RUN_MS, async run => {
  const before = readMachineTime()
  const measured = await measure(run, { scale, profileDir })
  const after = readMachineTime()
  const figures: Figures = {
    at: new Date(run.startedAt).toISOString(),
    tookSeconds: Math.round((Date.now() - run.startedAt) / 1000),
    command: text,
    usedByOthers: before && after && shareOfOthers(before, after),
    scale,
    host: describeHost(),
    ...measured,
    invalid: run.invalid,
  }
  console.log(renderReport(figures))
  if (jsonPath !== undefined) writeFileSync(jsonPath, `${JSON.stringify({ ...figures, aims: judgeAims(figures) }, undefined, 2)}\n`)
})
