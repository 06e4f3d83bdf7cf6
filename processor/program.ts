import { runProgram } from '../src/runtime/lifecycle.ts'
import type { Environment } from '../src/runtime/settings.ts'
import { readProcessorSettings } from './settings.ts'
import { startProcessor, STOP_WITHIN_MS } from './wiring.ts'

/** The processor as a program. */
export function runProcessor(env: Environment): Promise<void> {
  return runProgram({ name: 'processor', drainMs: STOP_WITHIN_MS, start: async () => startProcessor(readProcessorSettings(env)) })
}
