import { on } from 'node:events'
import type { CliResult, CliRun } from '../run-cli.ts'

type Line = Readonly<Record<string, unknown>>

/** The objects of a run with --json, which has one on each line. */
export function linesOf({ stdout }: CliResult): readonly Line[] {
  return stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Line)
}

export const summaryOf = (result: CliResult): Line => linesOf(result).at(-1)!

export const probesOf = (result: CliResult): readonly Line[] => linesOf(result).filter(({ event }) => event === 'probe')

/** Resolves when the lines that the run writes from now on are enough. Only whole lines count. */
export async function untilLines({ child }: CliRun, isEnough: (lines: readonly string[]) => boolean): Promise<void> {
  let text = ''
  for await (const chunk of on(child.stdout!, 'data', { close: ['close'] })) {
    text += String(chunk)
    if (isEnough(text.split('\n').slice(0, -1))) return
  }
  throw new Error(`pingcli ended without the lines that the test waits for: ${text}`)
}

/** Resolves when this many more probes were read back in time. */
export const untilEchoed = (run: CliRun, count: number): Promise<void> =>
  untilLines(run, lines => lines.filter(line => line.includes('"state":"echoed"')).length >= count)

/**
 * The result of a run with this time to wait for probes (-W, in seconds), or of one with much more if that is not as expected: on a busy
 * machine, what is answered at once may be late.
 */
export async function withPatience<T>(
  seconds: number,
  run: (waitSeconds: string) => Promise<T>,
  isExpected: (result: T) => boolean,
): Promise<T> {
  const result = await run(String(seconds))
  return isExpected(result) ? result : run(String(PATIENT_SECONDS))
}

const PATIENT_SECONDS = 15
