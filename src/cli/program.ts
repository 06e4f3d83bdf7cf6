import { Command, CommanderError } from 'commander'
import { SettingsError, type Environment } from '../runtime/settings.ts'
import { addBucketsCommand } from './buckets/buckets-command.ts'
import { createContext, type Wiring } from './context.ts'
import { addCountCommand } from './count/count-command.ts'
import { CliError, EXIT, EXIT_CODES_HELP, type ExitCode } from './exit-codes.ts'
import { addLoadCommand } from './load/load-command.ts'
import { addSharedOptions, type SharedOptions } from './options.ts'
import { shownOn, terminalOf, type Terminal } from './output/terminal.ts'
import { addPingCommand } from './ping/ping-command.ts'
import { addRebuildCommand } from './rebuild/rebuild-command.ts'
import { addRttCommand } from './rtt/rtt-command.ts'
import { addSemaphoreCommand } from './semaphore/semaphore-command.ts'
import { addVerifyCommand } from './verify/verify-command.ts'
import { readVersion } from './version.ts'

const EXAMPLES = `
Output: results go to standard output; notes, progress and errors go to standard error.
${EXIT_CODES_HELP}

Examples:
  pingcli ping
  pingcli count
  pingcli buckets --unit day --zone Europe/Berlin
  pingcli ping -n 1000 --concurrency 32 --address http://ping.example.com
  pingcli count --json | jq .count
  pingcli load --batch 1000 --concurrency 4
  pingcli verify
  pingcli rtt -c 10

'pingcli help <command>' shows a command's options and more examples.`

/** Runs one command line (without node and script) and returns the exit code. */
export async function runCli(args: readonly string[], env: Environment): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok
  const program = createProgram(env, code => (exitCode = code))
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    return report(error, terminalOf(env))
  }
}

function createProgram(env: Environment, end: (code: ExitCode) => void): Command {
  const program = new Command('pingcli')
    .description('Records pings, counts them, checks that no ping is lost or counted twice, and measures round trips over Kafka.')
    .version(readVersion(), '--version', 'show the version')
    .exitOverride()
    .showHelpAfterError("('pingcli help' shows the commands, 'pingcli help <command>' their options)")
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', EXAMPLES)
  addSharedOptions(program)
  const wiring: Wiring = { contextOf: command => createContext(command.optsWithGlobals<SharedOptions>(), env), end }
  addPingCommand(program, wiring)
  addLoadCommand(program, wiring)
  addCountCommand(program, wiring)
  addBucketsCommand(program, wiring)
  addVerifyCommand(program, wiring)
  addRebuildCommand(program, wiring)
  addRttCommand(program, wiring)
  addSemaphoreCommand(program, wiring)
  return program
}

function report(error: unknown, terminal: Terminal): ExitCode {
  const write = (text: string) => process.stderr.write(shownOn(terminal, text))
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage // commander has printed it
  if (error instanceof CliError) {
    write(`error: ${error.message}\n`)
    return error.exitCode
  }
  if (error instanceof SettingsError) {
    write(`error: wrong settings:\n${error.message}\n`)
    return EXIT.usage
  }
  write(`error: unexpected: ${error instanceof Error ? error.stack : String(error)}\n`)
  return EXIT.failed
}
