import { onTestFinished } from 'vitest'
import { describeExit, startChild, type Child } from '../../../local/launch/child.ts'
import { wait } from '../../../src/runtime/wait.ts'

/** What a foreign client's program tells of each thing that it did, by the thing's name. */
export type Facts = ReadonlyMap<string, unknown>

export interface Program {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
}

const LIMIT_MS = 80_000

/**
 * Runs a client's program to its end. It prints a JSON line `{"scenario": <name>, "facts": …}` for each thing it did; the test says what
 * they must be. Rejects when the program fails, with the end of what it said.
 */
export async function runScenarios(program: Program): Promise<Facts> {
  const facts = new Map<string, unknown>()
  const child = await startChild({
    env: process.env,
    ...program,
    onLine: line => {
      const told = parse(line)
      if (told) facts.set(told.scenario, told.facts)
    },
  })
  const exit = await Promise.race([child.exited, wait(LIMIT_MS)])
  if (!exit) await child.kill9()
  const ended = exit ? describeExit(exit) : `not ended after ${LIMIT_MS} ms`
  if (exit?.code !== 0)
    throw new Error(
      `${program.name}: ${ended}; it told of ${[...facts.keys()].join(', ')}; it said:\n${child
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

/** Starts a program that runs until it is stopped, at the latest at the end of the test. */
export async function startProgram(program: Program & { readonly onLine: (line: string) => void }): Promise<Child> {
  const child = await startChild({ env: process.env, ...program })
  onTestFinished(async () => void (await child.stop()))
  return child
}
