import { spawn } from 'node:child_process'
import type { Command } from './find-tools.ts'

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  /** Both outputs, for messages. */
  readonly output: string
}

const RUN_WITHIN_MS = 120_000

/** Runs a command to its end, whatever that is. */
export function run([command, ...args]: Command, input = ''): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { timeout: RUN_WITHIN_MS })
    let [stdout, output] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => ((stdout += text), (output += text)))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.once('error', reject).once('close', code => resolve({ code, stdout, output }))
    // A program that ends before it has read everything prints the reason itself.
    child.stdin.on('error', () => undefined).end(input)
  })
}
