import { request } from 'node:http'
import { startChild, untilReady } from '../launch/child.ts'
import type { Part } from '../part.ts'
import { reachable } from '../url-of.ts'
import { NODE_FLAGS } from './node-flags.ts'

export interface ProgramOptions {
  readonly name: keyof typeof NODE_FLAGS
  /** What Node runs. */
  readonly main: string
  /** Where it listens. */
  readonly hosts: readonly string[]
  readonly port: number
  /** The page that answers 200 when the part can be used. */
  readonly readyPath: '/livez' | '/readyz'
  readonly env: NodeJS.ProcessEnv
  readonly isEssential: boolean
}

const ASK_LIMIT_MS = 1_000

/** A program of this project, as a process. */
export function programPart(options: ProgramOptions): Part {
  const { name, main, hosts, port, readyPath, env, isEssential } = options
  return {
    name,
    launch: async hooks => {
      const child = await startChild({ name, command: process.execPath, args: [...NODE_FLAGS[name], main], env, ...hooks })
      await untilReady(child, () => answers(reachable(hosts), port, readyPath))
      return child
    },
    stopSignal: 'SIGTERM',
    graceMs: 30_000,
    isEssential,
  }
}

/** Without `fetch` and the shared agent, which may use a proxy. */
function answers(host: string, port: number, path: string): Promise<boolean> {
  return new Promise(resolve => {
    const asked = request({ host, port, path, agent: false, signal: AbortSignal.timeout(ASK_LIMIT_MS) }, response => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    asked.on('error', () => resolve(false)) // not listening yet
    asked.end()
  })
}
