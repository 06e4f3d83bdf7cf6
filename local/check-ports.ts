import { createServer } from 'node:net'
import { listen } from '../src/runtime/listen.ts'
import { InUseError, SettingsError } from '../src/runtime/settings.ts'
import { startCommand } from './arguments.ts'
import { CannotStart } from './cannot-start.ts'
import { portsInUse, type LocalSettings, type PortInUse } from './settings.ts'

/** From the usual ports to ones that are easy to recognise: 8080 → 18080. */
const PROPOSED_OFFSET = 10_000
const [LOWEST, HIGHEST] = [1_024, 65_535]

/**
 * Throws CannotStart when a part cannot listen on its port, on any of its addresses. The message lists all such ports, with a
 * line to copy that has a free port for each. `given`: the settings that the line has to repeat.
 */
export async function checkPorts(settings: LocalSettings, given: Readonly<Record<string, string>>): Promise<void> {
  const used = portsInUse(settings)
  const refused: string[] = []
  const proposed: Record<string, string> = {}
  for (const place of used) {
    const reason = await reasonAgainst(place)
    if (reason === undefined) continue
    refused.push(reason.message)
    const others = [...used.map(({ port }) => port), ...Object.values(proposed).map(Number)]
    proposed[place.env] = String(await freePortLike(place, others))
  }
  if (refused.length === 0) return
  const line = Object.entries({ ...given, ...proposed })
    .map(([name, value]) => `${name}=${quoted(value)}`)
    .join(' ')
  throw new CannotStart(
    `${refused.join('\n')}\nStop what uses these ports, or use other ports:\n  ${line} ${startCommand(settings.extras)}`,
  )
}

/** Why a part cannot listen there, or undefined when it can. Throws `SettingsError` when the address is wrong, not the port. */
async function reasonAgainst({ env, port, hosts }: PortInUse): Promise<Error | undefined> {
  try {
    const listening = await listen(createServer(), { port, hosts, portSetting: env })
    await listening.close()
    return undefined
  } catch (error) {
    const isPort =
      error instanceof InUseError || (error instanceof SettingsError && (error.cause as NodeJS.ErrnoException).code === 'EACCES')
    if (isPort) return error
    throw error
  }
}

async function freePortLike(place: PortInUse, others: readonly number[]): Promise<number> {
  let port = place.port + PROPOSED_OFFSET
  for (let tries = LOWEST; tries <= HIGHEST; tries++, port++) {
    if (port > HIGHEST) port = LOWEST
    if (!others.includes(port) && (await reasonAgainst({ ...place, port })) === undefined) return port
  }
  return place.port
}

/** Quoted for a shell, if needed. */
function quoted(value: string): string {
  return /^[\w.,:/@%+-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`
}
