import { spawn } from 'node:child_process'
import { environment } from '../../local/environment.ts'

export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv
  /** Given to its standard input. */
  readonly input?: Buffer
}

const SHOWN_CHARACTERS = 4_000

/** Runs a command to its end, with any exit code. */
export async function runCommand(command: string, args: readonly string[], { env, input }: CommandOptions = {}): Promise<CommandResult> {
  const { promise, resolve, reject } = Promise.withResolvers<CommandResult>()
  const child = spawn(command, args, { env: { ...environment(), ...env }, stdio: 'pipe' })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', text => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', text => (stderr += text))
  child.on('error', reject)
  child.on('close', code => resolve({ code, stdout, stderr }))
  child.stdin.on('error', () => undefined) // it may end without reading
  child.stdin.end(input)
  return promise
}

/** The same for a command that has to succeed: its standard output. Rejects with what it said. */
export async function expectSuccess(command: string, args: readonly string[], options?: CommandOptions): Promise<string> {
  const { code, stdout, stderr } = await runCommand(command, args, options)
  if (code === 0) return stdout.trim()
  throw new Error(`${command} ${args.join(' ')}\nended with exit code ${code}: ${`${stdout}${stderr}`.slice(-SHOWN_CHARACTERS)}`)
}
