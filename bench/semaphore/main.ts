/** `npm run bench:semaphore`: starts Postgres, a broker and the semaphore, measures, prints tables, stops everything. */
import { writeFileSync } from 'node:fs'
import { readMachineTime, shareOfOthers } from '../measuring/cpu.ts'
import { missingForBench } from '../parts/parts.ts'
import { runAndExit } from '../run-and-exit.ts'
import { readCommand } from './bench-semaphore-command.ts'
import type { Figures } from './figures.ts'
import { judgeAims } from './judge-aims.ts'
import { measure } from './measure.ts'
import { renderReport } from './render-report.ts'

/** A run that hangs is ended after this time. */
const MAX_RUN_MS = 40 * 60_000

const { scale, broker, jsonPath, profileDir, text } = readCommand(process.argv)
const missing = missingForBench(broker)
if (missing !== undefined) {
  console.error(`the bench cannot run here: ${missing}`)
  process.exit(1)
}

await runAndExit(MAX_RUN_MS, async run => {
  const before = readMachineTime()
  const measured = await measure(run, { scale, broker, profileDir })
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
