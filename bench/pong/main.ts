/** `npm run bench:pong`: starts a broker and a pong server, measures round trips, prints tables, stops everything. */
import { writeFileSync } from 'node:fs'
import { missingForKafka } from '../../local/launch/kafka-jars.ts'
import { readMachineTime, shareOfOthers } from '../measuring/cpu.ts'
import { runAndExit } from '../run-and-exit.ts'
import { readCommand } from './bench-pong-command.ts'
import type { Figures } from './figures.ts'
import { judgeAims } from './judge-aims.ts'
import { measure } from './measure.ts'
import { renderReport } from './render-report.ts'

/** A run that hangs is ended after this time. */
const MAX_RUN_MS = 15 * 60_000

const { scale, broker, jsonPath, text } = readCommand(process.argv)
const missing = broker === 'apache' ? missingForKafka() : undefined
if (missing !== undefined) {
  console.error(`the bench cannot run here: ${missing}`)
  process.exit(1)
}

await runAndExit(MAX_RUN_MS, async run => {
  const before = readMachineTime()
  const measured = await measure(run, scale, broker)
  const after = readMachineTime()
  const figures: Figures = {
    at: new Date(run.startedAt).toISOString(),
    tookSeconds: Math.round((Date.now() - run.startedAt) / 1000),
    command: text,
    usedByOthers: before && after && shareOfOthers(before, after),
    scale,
    ...measured,
    invalid: run.invalid,
  }
  console.log(renderReport(figures))
  if (jsonPath !== undefined) writeFileSync(jsonPath, `${JSON.stringify({ ...figures, aims: judgeAims(figures) }, undefined, 2)}\n`)
})
