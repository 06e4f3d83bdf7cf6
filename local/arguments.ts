import { parseArgs } from 'node:util'

/** The systems that run next to Ping only if the user asks for them. */
export const EXTRAS = ['pong', 'semaphore'] as const
export type Extra = (typeof EXTRAS)[number]

export const USAGE = `npm start                              run Ping on this machine
npm start -- --with pong,semaphore     run one or both of these systems, too:
                                         pong       answers pings over Kafka (npx pingcli rtt --pong)
                                         semaphore  lets a limited number of commands at a time reach a resource
npm start -- --help                    print this

Settings are environment variables: docs/configuration.md lists them.
`

export interface Arguments {
  readonly help: boolean
  /** Each once, in a fixed order. */
  readonly extras: readonly Extra[]
}

/** The arguments are not those that USAGE describes. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What the user asks for. Throws UsageError with the argument, what was got and what was expected. */
export function readArguments(args: readonly string[]): Arguments {
  const { tokens } = parseArgs({
    args: [...args],
    options: { with: { type: 'string' }, help: { type: 'boolean' } },
    strict: false,
    tokens: true,
  })
  const asked = tokens.map(token => {
    if (token.kind === 'option' && token.name === 'with') return { extras: readExtras(token.value) }
    if (token.kind === 'option' && token.name === 'help' && token.value === undefined) return { help: true }
    throw new UsageError(`argument: got ${JSON.stringify(args[token.index])}, expected --with, --help or nothing`)
  })
  const extras = new Set(asked.flatMap(({ extras = [] }) => extras))
  return { help: asked.some(({ help }) => help), extras: EXTRAS.filter(name => extras.has(name)) }
}

function readExtras(value: string | undefined): readonly Extra[] {
  const names = (value ?? '').split(',').map(name => name.trim())
  if (names.every(isExtra)) return names
  throw new UsageError(
    `--with: got ${value === undefined ? 'nothing' : JSON.stringify(value)}, expected pong, semaphore or both, separated by commas`,
  )
}

function isExtra(name: string): name is Extra {
  return (EXTRAS as readonly string[]).includes(name)
}

/** The command that asks for the same again. */
export function startCommand(extras: readonly Extra[]): string {
  return extras.length === 0 ? 'npm start' : `npm start -- --with ${extras.join(',')}`
}
