import { endWith } from '../src/runtime/end-with.ts'
import { WRONG_USAGE } from '../src/runtime/exit-codes.ts'
import { createLogger } from '../src/runtime/logger.ts'
import { runProgram } from '../src/runtime/run-program.ts'
import type { Environment } from '../src/runtime/settings.ts'
import { withReadVariables } from '../src/tracing/read-variables.ts'
import { readProcessorSettings } from './settings.ts'
import { startProcessor, STOP_PARTS_MS } from './wiring.ts'

const NAME = 'processor'
const HELP = '--help'
const USAGE = `node processor/main.ts           run the processor
node processor/main.ts ${HELP}    print this
`

/** The processor as a program: `--help` prints how to call it. */
export async function runProcessor(args: readonly string[], env: Environment): Promise<void> {
  if (args.includes(HELP)) return endWith(0, process.stdout, USAGE)
  const [unknown] = args
  if (unknown !== undefined) {
    return endWith(WRONG_USAGE, process.stderr, `argument: got ${JSON.stringify(unknown)}, expected ${HELP} or nothing\n`)
  }
  return runProgram({
    name: NAME,
    drainMs: STOP_PARTS_MS,
    start: async () => {
      const settings = readProcessorSettings(withReadVariables(env))
      return startProcessor(settings, createLogger({ name: NAME, level: settings.logLevel }))
    },
  })
}
