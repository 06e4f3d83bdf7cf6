import { join } from 'node:path'
import { runToEnd, StartError } from './child.ts'
import type { PostgresOptions } from './postgres.ts'
import { systemEnvironment } from './system-environment.ts'

/** Single-user mode reports an error and exits with 0. */
const ERROR = /\b(ERROR|FATAL|PANIC): /

/** Runs one statement on a database that no server runs on; nothing else can connect meanwhile. */
export async function runSingleUser(options: PostgresOptions, statement: string): Promise<void> {
  const { binaries, dataDir, user, onSpawn } = options
  const args = ['--single', '-D', dataDir, 'postgres']
  const output = await runToEnd({
    name: 'postgres --single',
    command: join(binaries, 'postgres'),
    args,
    user,
    cwd: dataDir,
    env: systemEnvironment({ bringsLibraries: true }),
    input: `${statement}\n`,
    onSpawn,
  })
  if (ERROR.test(output)) throw new StartError(`postgres --single failed; its output:\n  ${output}`)
}
