/** `npm run bench`: starts everything, measures, prints tables, stops everything. */
import { writeFileSync } from 'node:fs'
import { readCommand } from './bench-command.ts'
import type { Bench } from './bench.ts'
import { startLoadGenerator } from './load/load-generator.ts'
import { measureAll } from './measure-all.ts'
import { readMachineTime, shareOfOthers } from './measuring/cpu.ts'
import { missingForBench, startParts } from './parts/parts.ts'
import { prepareFolder, readProfiles } from './profile/read-profiles.ts'
import type { Figures } from './report/figures.ts'
import { judgeAims } from './report/judge-aims.ts'
import { compareRatios, hasFallen, isEmpty, keepRatios, readRatios, renderChanges, type KeptRatios } from './report/kept-ratios.ts'
import { ratiosOf } from './report/ratios.ts'
import { renderReport } from './report/render-report.ts'
import { runAndExit } from './run-and-exit.ts'

/** A run that hangs is ended after this time. */
const MAX_RUN_MS = 12 * 60_000

const { options, jsonPath, checkPath, keepPath } = readCommand(process.argv)
const kept = checkPath === undefined ? undefined : ratiosIn(checkPath)
const missing = missingForBench(options.broker)
if (missing !== undefined) fail(`the bench cannot run here: ${missing}`)

await runAndExit(MAX_RUN_MS, async ({ startedAt, teardown, progress, complain, invalid }) => {
  if (options.profileDir !== undefined) prepareFolder(options.profileDir)
  progress('starting Postgres, the broker and the cache')
  const parts = await startParts(teardown, options)
  const generator = await startLoadGenerator()
  teardown.add(generator.stop)
  const bench: Bench = { options, parts, generator, teardown, progress, complain }
  const before = readMachineTime()
  const measured = await measureAll(bench)
  const after = readMachineTime()
  await teardown.run() // profiles are written when programs end
  const profiles = options.profileDir === undefined ? undefined : readProfiles(options.profileDir)
  const usedByOthers = before && after && shareOfOthers(before, after)
  const tookSeconds = Math.round((Date.now() - startedAt) / 1000)
  const figures: Figures = { at: new Date(startedAt).toISOString(), tookSeconds, usedByOthers, ...measured, profiles, invalid }
  const changes = kept && compareRatios(kept.ratios, ratiosOf(figures))
  if (changes && isEmpty(changes)) complain('--check: this run measured none of the committed ratios')
  console.log(renderReport(figures, kept && changes && renderChanges(kept, changes, figures.machine)))
  if (keepPath !== undefined) keepRatios(keepPath, figures)
  if (jsonPath !== undefined) writeFileSync(jsonPath, `${JSON.stringify({ ...figures, aims: judgeAims(figures) }, undefined, 2)}\n`)
  return changes && hasFallen(changes) ? 'worse' : undefined
})

function ratiosIn(file: string): KeptRatios {
  try {
    return readRatios(file)
  } catch (error) {
    return fail((error as Error).message)
  }
}

function fail(why: string): never {
  console.error(why)
  process.exit(1)
}
