import { runSimulations } from './run.ts'

/** `node main.ts [runs] [seed]`: exits 1, with what it found, when a run goes wrong. */
const [count = '1000', first = '1'] = process.argv.slice(2)
const finding = await runSimulations(Number(first), Number(count))
process.stdout.write(`${finding ? JSON.stringify(finding) : `${count} runs from seed ${first}: nothing wrong`}\n`)
process.exit(finding ? 1 : 0)
