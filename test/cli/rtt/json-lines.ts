import type { CliResult } from '../run-cli.ts'

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
