/** `npm run faults -- --runs N --seed S`: only the fault tests, the broker's crashes included, with more kills, or again with the same seed. */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

const USAGE = 'usage: npm run faults -- [--runs <kills of each part, from 1>] [--seed <integer>] [<part of a file name> …]'

function integerText(name: string, text: string | undefined, min: number): string | undefined {
  if (text === undefined || (/^\d{1,9}$/.test(text) && Number(text) >= min)) return text
  process.stderr.write(`--${name}: got ${JSON.stringify(text)}, expected an integer of ${min} or more\n${USAGE}\n`)
  process.exit(2)
}

const { values, positionals } = parseArgs({ options: { runs: { type: 'string' }, seed: { type: 'string' } }, allowPositionals: true })
const runs = integerText('runs', values.runs, 1)
const seed = integerText('seed', values.seed, 0)
const FOLDERS = ['test/faults/', 'test/broker/crash/']
const files = positionals.length > 0 ? FOLDERS.flatMap(folder => positionals.map(name => folder + name)) : FOLDERS
const env = { ...process.env, ...(runs && { PING_FAULT_RUNS: runs }), ...(seed && { PING_FAULT_SEED: seed }) }
process.exit(spawnSync('vitest', ['run', ...files], { stdio: 'inherit', env }).status ?? 1)
