import type { Command } from 'commander'
import type { Environment, SettingsTable, SettingsOf } from '../runtime/settings.ts'
import { readSettings } from '../runtime/settings.ts'
import { shellWord } from '../runtime/shell-word.ts'
import { connectTo, PROTOCOLS, type ClientOptions, type Connected } from './client/connect-to.ts'
import { readCredentials, tokenAtRisk, type CredentialSources, type Source } from './client/credentials.ts'
import { createPingClient, type PingClient } from './client/ping-client.ts'
import type { ExitCode } from './exit-codes.ts'
import { listenForInterrupt, type Interrupt } from './interrupt.ts'
import type { SharedOptions } from './options.ts'
import { createOutput, type Output } from './output/output.ts'
import { terminalOf, type Terminal } from './output/terminal.ts'
import { cliSettings } from './settings.ts'

/** The options that name files, by their keys. */
const FILE_OPTIONS = { tokenFile: '--token-file', caFile: '--ca-file', certFile: '--cert-file', keyFile: '--key-file' } as const
type FileOption = keyof typeof FILE_OPTIONS

/** What a command works with, created when it starts. */
export interface Context {
  readonly output: Output
  readonly terminal: Terminal
  readonly interrupt: Interrupt
  /** For one call including its retries, or for one step of verify and rebuild. */
  readonly timeoutMs: number
  readonly address: string
  /** The options with which another pingcli calls the same server; empty if the defaults do. */
  readonly sameServer: readonly string[]
  /** A client of the server at `address`; the caller closes it. Throws `SettingsError`. */
  createClient(options?: Pick<ClientOptions, 'http2'>): PingClient
  /** Connections to the semaphore; the caller closes them. Throws `SettingsError`. */
  connectSemaphore(): Connected
  /** Settings of Postgres and the cache, for the commands that read them directly. Throws `SettingsError`. */
  settings<Table extends SettingsTable>(table: Table): SettingsOf<Table>
}

export function createContext(options: SharedOptions, env: Environment): Context {
  const settings = readSettings(cliSettings, env)
  const address = options.address ?? settings.address
  const terminal = terminalOf(env)
  const output = createOutput(options.json === true, terminal)
  const optionsFor = (server: string): ClientOptions => {
    const credentials = readCredentials(credentialSources(options, settings))
    const warning = tokenAtRisk(server, credentials)
    if (warning !== undefined) output.note(warning)
    return { address: server, protocol: options.protocol, credentials }
  }
  return {
    output,
    terminal,
    interrupt: listenForInterrupt(),
    timeoutMs: options.timeout,
    address,
    sameServer: optionsOfServer(address, options),
    createClient: clientOptions => createPingClient({ ...clientOptions, ...optionsFor(address) }),
    connectSemaphore: () => connectTo(optionsFor(options.address ?? settings.semaphoreAddress)),
    settings: table => readSettings(table, env),
  }
}

function credentialSources(options: SharedOptions, settings: SettingsOf<typeof cliSettings>): CredentialSources {
  const source = (key: FileOption): Source =>
    options[key] === undefined ? { name: cliSettings[key].env, file: settings[key] } : { name: FILE_OPTIONS[key], file: options[key] }
  return { token: source('tokenFile'), ca: source('caFile'), cert: source('certFile'), key: source('keyFile') }
}

/** PING_ADDRESS is repeated as an option: a copied line may be run in another environment. */
function optionsOfServer(address: string, options: SharedOptions): readonly string[] {
  const { address: given, protocol } = options
  const isDefault = given === undefined && address === cliSettings.address.fallback
  const files = Object.entries(FILE_OPTIONS).flatMap(([key, flag]) => {
    const file = options[key as FileOption]
    return file === undefined ? [] : [flag, shellWord(file)]
  })
  return [...(isDefault ? [] : ['--address', shellWord(address)]), ...(protocol === PROTOCOLS[0] ? [] : ['--protocol', protocol]), ...files]
}

/** How a command is connected to the program. */
export interface Wiring {
  /** Creates the context of a command. Throws `SettingsError`. */
  contextOf(command: Command): Context
  /** Reports how it ended. */
  end(code: ExitCode): void
}
