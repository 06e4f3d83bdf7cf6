import type { Command } from 'commander'
import type { Environment, SettingsTable, SettingsOf } from '../runtime/settings.ts'
import { readSettings } from '../runtime/settings.ts'
import { createPingClient, type PingClient } from './client.ts'
import type { ExitCode } from './exit-codes.ts'
import { listenForInterrupt, type Interrupt } from './interrupt.ts'
import type { SharedOptions } from './options.ts'
import { createOutput, type Output } from './output.ts'
import { cliSettings } from './settings.ts'

/** What a command works with, made when it starts. */
export interface Context {
  readonly output: Output
  readonly interrupt: Interrupt
  /** For one call with all its tries, or for one step of verify and rebuild. */
  readonly timeoutMs: number
  readonly address: string
  /** A client of the server at `address`; whoever makes it closes it. */
  createClient(): PingClient
  /** Settings of Postgres and the cache, for the commands that read them directly. Throws `SettingsError`. */
  settings<Table extends SettingsTable>(table: Table): SettingsOf<Table>
}

export function createContext(options: SharedOptions, env: Environment): Context {
  const address = options.address ?? readSettings(cliSettings, env).address
  return {
    output: createOutput(options.json === true),
    interrupt: listenForInterrupt(),
    timeoutMs: options.timeout,
    address,
    createClient: () => createPingClient({ address, protocol: options.protocol }),
    settings: table => readSettings(table, env),
  }
}

/** How a command is bound to the program. */
export interface Wiring {
  /** The context of a command that begins. Throws `SettingsError`. */
  contextOf(command: Command): Context
  /** Tells how it ended. */
  end(code: ExitCode): void
}
