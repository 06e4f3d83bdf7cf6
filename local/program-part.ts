import type { Part } from './part.ts'
import { startChild, untilReady } from './parts/child.ts'

export interface ProgramOptions {
  readonly name: 'server' | 'processor'
  /** What Node runs. */
  readonly main: string
  readonly port: number
  /** The page that answers 200 when the part can be used. */
  readonly readyPath: '/livez' | '/readyz'
  readonly env: NodeJS.ProcessEnv
  readonly isEssential: boolean
}

const ASK_LIMIT_MS = 1_000

/** A program of Ping itself, as a process of its own. */
export function programPart(options: ProgramOptions): Part {
  const { name, main, port, readyPath, env, isEssential } = options
  return {
    name,
    launch: async hooks => {
      const child = await startChild({ name, command: process.execPath, args: [main], env, ...hooks })
      await untilReady(child, () => answers(`http://127.0.0.1:${port}${readyPath}`))
      return child
    },
    stopSignal: 'SIGTERM',
    graceMs: 30_000,
    isEssential,
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(ASK_LIMIT_MS) })).ok
  } catch {
    return false // not listening yet
  }
}
