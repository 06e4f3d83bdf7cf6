import { onTestFinished } from 'vitest'
import { describeExit, startChild, type Child } from '../../../local/launch/child.ts'
import { wait } from '../../../src/runtime/wait.ts'

/** The results that a client's program prints, by the name of the scenario. */
export type Facts = ReadonlyMap<string, unknown>

export interface Program {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
}

const LIMIT_MS = 240_000
/** How long a hook may take that runs a client's program. */
export const SCENARIOS_LIMIT_MS = LIMIT_MS + 30_000

/**
 * Runs a client's program to its end. It prints a JSON line `{"scenario": <name>, "facts": …}` for each scenario; the test checks the
 * facts. Rejects with the end of the program's output if it fails.
 */
export async function runScenarios(program: Program): Promise<Facts> {
  const facts = new Map<string, unknown>()
  const child = await startChild({
    env: process.env,
    ...program,
    onLine: line => {
      const result = parse(line)
      if (result) facts.set(result.scenario, result.facts)
    },
  })
  const exit = await Promise.race([child.exited, wait(LIMIT_MS)])
  if (!exit) await child.kill9()
  const ended = exit ? describeExit(exit) : `not ended after ${LIMIT_MS} ms`
  if (exit?.code !== 0)
    throw new Error(
      `${program.name}: ${ended}; its results: ${[...facts.keys()].join(', ')}; its output:\n${child
        .tail()
        .map(line => line.slice(0, 500))
        .join('\n')}`,
    )
  return facts
}

function parse(line: string): { scenario: string; facts: unknown } | undefined {
  if (!line.startsWith('{"scenario"')) return undefined
  return JSON.parse(line) as { scenario: string; facts: unknown }
}

/** Starts a program that runs until it is stopped, at the end of the test at the latest. */
export async function startProgram(program: Program & { readonly onLine: (line: string) => void }): Promise<Child> {
  const child = await startChild({ env: process.env, ...program })
  onTestFinished(async () => void (await child.stop()))
  return child
}
