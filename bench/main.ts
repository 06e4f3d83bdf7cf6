/** `npm run bench`: starts everything, measures, prints tables, stops everything. */
import { writeFileSync } from 'node:fs'
import { judgeAims } from './aims.ts'
import type { Bench } from './bench.ts'
import { readCommand } from './command.ts'
import { startLoadGenerator } from './load/generator.ts'
import { missingForBench, startParts } from './parts.ts'
import { readMachineTime, shareOfOthers } from './cpu.ts'
import type { Figures } from './figures.ts'
import { measureAll } from './measure-all.ts'
import { renderReport } from './report.ts'
import { Teardown } from './teardown.ts'

/** A run that hangs is ended, and the rest is stopped. */
const LONGEST_RUN_MS = 12 * 60_000

const { options, jsonPath } = readCommand(process.argv)
const missing = missingForBench()
if (missing !== undefined) fail(`cannot run the bench here: ${missing}`)

const startedAt = Date.now()
const progress = (text: string): void => console.error(`${String(Math.round((Date.now() - startedAt) / 1000)).padStart(4)} s  ${text}`)
const teardown = new Teardown()
let isStopping = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stopEarly(`stopping: ${signal}`))
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    console.error(error)
    void stopEarly(`stopping: ${event}`)
  })
}
setTimeout(() => void stopEarly(`stopping: not done after ${LONGEST_RUN_MS / 1000} s`), LONGEST_RUN_MS).unref()

try {
  progress('starting Postgres, Kafka and the cache')
  const parts = await startParts(teardown, progress)
  const generator = await startLoadGenerator()
  teardown.add(generator.stop)
  const invalid: string[] = []
  const complain = (what: string): void => {
    invalid.push(what)
    progress(`INVALID: ${what}`)
  }
  const bench: Bench = { options, parts, generator, teardown, progress, complain }
  const before = readMachineTime()
  const measured = await measureAll(bench)
  const after = readMachineTime()
  const usedByOthers = before && after && shareOfOthers(before, after)
  const tookSeconds = Math.round((Date.now() - startedAt) / 1000)
  const figures: Figures = { at: new Date(startedAt).toISOString(), tookSeconds, usedByOthers, ...measured, invalid }
  console.log(renderReport(figures))
  if (jsonPath !== undefined) writeFileSync(jsonPath, `${JSON.stringify({ ...figures, aims: judgeAims(figures) }, undefined, 2)}\n`)
  process.exitCode = invalid.length > 0 ? 1 : 0
} catch (error) {
  if (!isStopping) console.error(error)
  process.exitCode = 1
} finally {
  await teardown.run()
}
process.exit()

async function stopEarly(why: string): Promise<void> {
  if (isStopping) return
  isStopping = true
  progress(why)
  await teardown.run()
  process.exit(1)
}

function fail(why: string): never {
  console.error(why)
  process.exit(1)
}
