import { runProgram } from '../src/runtime/lifecycle.ts'
import { readProcessorSettings } from './settings.ts'
import { startProcessor, STOP_WITHIN_MS } from './wiring.ts'

await runProgram({ name: 'processor', drainMs: STOP_WITHIN_MS, start: async () => startProcessor(readProcessorSettings(process.env)) })
