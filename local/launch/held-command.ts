/**
 * Waits for a line on descriptor 3, then becomes the program: same pid, same start time. Without the line, since the starting process was
 * killed, it ends. The program gets no variables of the shell; macOS removes DYLD_* from the environment of a shell, so these are arguments.
 */
const SCRIPT = `read -r go <&3 || exit 1
unset PWD OLDPWD SHLVL
while [ "$1" != -- ]; do export "$1"; shift; done
shift
exec "$@" 3<&-`

/** What a shell exits with if it cannot run a program. */
export const NOT_RUN: readonly (number | null)[] = [126, 127]

/** A command that runs only after a line was written to its descriptor 3, and never if that is closed before. */
export function heldCommand(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): { command: string; args: readonly string[] } {
  const removed = Object.entries(env).flatMap(([name, value]) => (name.startsWith('DYLD_') ? [`${name}=${value}`] : []))
  return { command: '/bin/sh', args: ['-c', SCRIPT, 'sh', ...removed, '--', command, ...args] }
}
