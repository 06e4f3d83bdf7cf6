import { runProgram } from '../src/runtime/lifecycle.ts'
import { readProcessorSettings } from './settings.ts'
import { startProcessor } from './wiring.ts'

const DRAIN_MS = 20_000

await runProgram({ name: 'processor', drainMs: DRAIN_MS, start: async () => startProcessor(readProcessorSettings(process.env)) })
