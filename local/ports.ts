import { isFree } from './parts/free-port.ts'
import { portsInUse, type LocalSettings } from './settings.ts'

/** A start that cannot go on; the message is for the person who started it. */
export class CannotStart extends Error {
  override readonly name = 'CannotStart'
}

/** Throws CannotStart, naming each port that another program has and the setting that changes it. */
export async function checkPorts(settings: LocalSettings): Promise<void> {
  const taken: string[] = []
  for (const { env, port } of portsInUse(settings)) {
    // The server listens on all addresses, so a program on any of them is in the way.
    const free = (await isFree(port, '127.0.0.1')) && (await isFree(port, '0.0.0.0'))
    if (!free) taken.push(`${env}: port ${port} is taken by another program; end that one, or choose another port: ${env}=${await nextFree(port)} npm start`)
  }
  if (taken.length > 0) throw new CannotStart(taken.join('\n'))
}

async function nextFree(port: number): Promise<number> {
  for (let next = port + 1; next < 65_536; next++) if (await isFree(next)) return next
  return port
}
