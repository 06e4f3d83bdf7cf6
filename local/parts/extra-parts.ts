import type { Extra } from '../arguments.ts'
import type { Part } from '../part.ts'
import type { LocalSettings } from '../settings.ts'
import { urlOf } from '../url-of.ts'
import type { Address } from './address.ts'
import { programPart } from './program-part.ts'
import type { Programs } from './programs.ts'

export interface ExtraPlace {
  readonly settings: LocalSettings
  readonly programs: Programs
  /** What each program gets of the system, of the user's settings, and where it finds the parts that it uses. */
  readonly env: Readonly<Record<Extra, NodeJS.ProcessEnv>>
}

/** The processes that run next to Ping, if the user asked for them. */
export function extraParts({ settings, programs, env }: ExtraPlace): readonly Part[] {
  const { hosts, extras, semaphorePort, pongPort } = settings
  const HOST = hosts.join(',')
  const makers: Readonly<Record<Extra, () => Part>> = {
    semaphore: () =>
      programPart({
        name: 'semaphore',
        main: programs.semaphore,
        hosts,
        port: semaphorePort,
        readyPath: '/readyz',
        env: { ...env.semaphore, HOST, SEMAPHORE_PORT: String(semaphorePort) },
        isEssential: false,
      }),
    // It runs, and is supervised, even if the user's own Kafka does not answer yet.
    pong: () =>
      programPart({
        name: 'pong',
        main: programs.pong,
        hosts,
        port: pongPort,
        readyPath: '/livez',
        env: { ...env.pong, HOST, PONG_PORT: String(pongPort) },
        isEssential: false,
      }),
  }
  return extras.map(name => makers[name]())
}

/** Where they are found. */
export function extraAddresses({ hosts, extras, semaphorePort, pongPort }: LocalSettings): readonly Address[] {
  const addresses: Readonly<Record<Extra, string>> = {
    semaphore: urlOf(hosts, semaphorePort),
    pong: `${urlOf(hosts, pongPort)}/metrics`,
  }
  return extras.map(name => ({ name, address: addresses[name] }))
}
