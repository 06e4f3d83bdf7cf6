/** `npm run faults -- --runs N --seed S`: only the fault tests, the broker's crashes included, with more kills, or again with the same seed. */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const USAGE = 'usage: npm run faults -- [--runs <kills of each part, from 1>] [--seed <whole number>] [<part of a file name> …]'

function wholeNumber(name: string, text: string | undefined, least: number): string | undefined {
  if (text === undefined || (/^\d{1,9}$/.test(text) && Number(text) >= least)) return text
  process.stderr.write(`--${name}: got ${JSON.stringify(text)}, expected a whole number from ${least}\n${USAGE}\n`)
  process.exit(2)
}

const { values, positionals } = parseArgs({ options: { runs: { type: 'string' }, seed: { type: 'string' } }, allowPositionals: true })
const runs = wholeNumber('runs', values.runs, 1)
const seed = wholeNumber('seed', values.seed, 0)
const FOLDERS = ['test/faults/', 'test/broker/crash/']
const files = positionals.length > 0 ? FOLDERS.flatMap(folder => positionals.map(name => folder + name)) : FOLDERS
const env = { ...process.env, ...(runs && { PING_FAULT_RUNS: runs }), ...(seed && { PING_FAULT_SEED: seed }) }
process.exit(spawnSync('vitest', ['run', ...files], { stdio: 'inherit', env }).status ?? 1)
