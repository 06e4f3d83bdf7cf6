import type { Command } from 'commander'
import type { Environment, SettingsTable, SettingsOf } from '../runtime/settings.ts'
import { readSettings } from '../runtime/settings.ts'
import { createPingClient, PROTOCOLS, type PingClient } from './client.ts'
import type { ExitCode } from './exit-codes.ts'
import { listenForInterrupt, type Interrupt } from './interrupt.ts'
import type { SharedOptions } from './options.ts'
import { createOutput, type Output } from './output.ts'
import { cliSettings } from './settings.ts'
import { terminalOf, type Terminal } from './terminal.ts'

/** What a command works with, made when it starts. */
export interface Context {
  readonly output: Output
  readonly terminal: Terminal
  readonly interrupt: Interrupt
  /** For one call with all its tries, or for one step of verify and rebuild. */
  readonly timeoutMs: number
  readonly address: string
  /** The options that lead another pingcli to the same server; empty where the defaults do. */
  readonly sameServer: readonly string[]
  /** A client of the server at `address`; whoever makes it closes it. */
  createClient(): PingClient
  /** Settings of Postgres and the cache, for the commands that read them directly. Throws `SettingsError`. */
  settings<Table extends SettingsTable>(table: Table): SettingsOf<Table>
}

export function createContext(options: SharedOptions, env: Environment): Context {
  const address = options.address ?? readSettings(cliSettings, env).address
  const terminal = terminalOf(env)
  return {
    output: createOutput(options.json === true, terminal),
    terminal,
    interrupt: listenForInterrupt(),
    timeoutMs: options.timeout,
    address,
    sameServer: optionsOfServer(address, options),
    createClient: () => createPingClient({ address, protocol: options.protocol }),
    settings: table => readSettings(table, env),
  }
}

/** PING_ADDRESS is repeated as an option: a line that is copied may meet another environment. */
function optionsOfServer(address: string, { address: given, protocol }: SharedOptions): readonly string[] {
  const isDefault = given === undefined && address === cliSettings.address.fallback
  return [...(isDefault ? [] : ['--address', shellWord(address)]), ...(protocol === PROTOCOLS[0] ? [] : ['--protocol', protocol])]
}

/** A URL's path may hold what a shell takes for its own. */
function shellWord(text: string): string {
  return /^[\w.:/%-]+$/.test(text) ? text : `'${text.replaceAll("'", '%27')}'`
}

/** How a command is bound to the program. */
export interface Wiring {
  /** The context of a command that begins. Throws `SettingsError`. */
  contextOf(command: Command): Context
  /** Tells how it ended. */
  end(code: ExitCode): void
}
