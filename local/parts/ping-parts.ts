import { join } from 'node:path'
import { COMPILE_CACHE, writableFolder } from '../../src/runtime/compile-cache.ts'
import { systemEnvironment } from '../launch/system-environment.ts'
import type { Part } from '../part.ts'
import { postgresPart } from '../postgres/postgres-part.ts'
import type { LocalSettings } from '../settings.ts'
import { urlOf } from '../url-of.ts'
import type { Address } from './address.ts'
import { brokerPart } from './broker-part.ts'
import { cachePart } from './cache-part.ts'
import { extraAddresses, extraParts } from './extra-parts.ts'
import { programPart } from './program-part.ts'
import { programSettings } from './program-settings.ts'
import type { Programs } from './programs.ts'

export interface PingParts {
  readonly parts: readonly Part[]
  readonly addresses: readonly Address[]
  /** Notes for the user. */
  readonly notes: readonly string[]
}

/** All processes that Ping consists of on this machine, those that run next to it, and their addresses. */
export function pingParts(settings: LocalSettings, dataDir: string, programs: Programs): PingParts {
  const compiled = compiledBy(dataDir)
  const { serverPort, processorPort, semaphorePort, postgresPort, hosts, extras } = settings
  const { passed, ignored } = programSettings(settings)
  const postgres = postgresPart(postgresPort, dataDir, extras.includes('semaphore'))
  const cache = cacheOf(settings, compiled)
  const kafka = kafkaOf(settings, dataDir, programs.broker)
  const shared = { ...systemEnvironment(), ...compiled, KAFKA_BROKERS: kafka.address }
  const env = {
    ...shared,
    CORS_ORIGINS: ownOrigins(serverPort),
    ...passed.ping,
    DATABASE_URL: postgres.url,
    REDIS_URL: cache.address,
    HOST: hosts.join(','),
    PORT: String(serverPort),
    PROCESSOR_PORT: String(processorPort),
  }
  const others = extraParts({
    settings,
    programs,
    env: {
      pong: { ...shared, ...passed.pong },
      semaphore: { ...shared, CORS_ORIGINS: ownOrigins(semaphorePort), ...passed.semaphore, DATABASE_URL: postgres.semaphoreUrl },
    },
  })
  return {
    parts: [
      postgres.part,
      ...(cache.part ? [cache.part] : []),
      ...(kafka.part ? [kafka.part] : []),
      ...pingPrograms(settings, programs, env),
      ...others,
    ],
    addresses: [
      { name: 'server', address: urlOf(hosts, serverPort) },
      { name: 'processor', address: `${urlOf(hosts, processorPort)}/metrics` },
      ...extraAddresses(settings),
      { name: 'postgres', address: postgres.address, kind: 'PostgreSQL 18' },
      { name: 'cache', address: withoutPassword(cache.address), kind: cache.kind },
      { name: 'kafka', address: kafka.address, kind: kafka.kind },
      ...(kafka.part
        ? [{ name: 'console', address: `127.0.0.1:${settings.consolePort}`, kind: 'publish and consume lines with nc' } as const]
        : []),
    ],
    notes: [
      ...(postgres.note === undefined ? [] : [`postgres: ${postgres.note}`]),
      ...(ignored.length === 0 ? [] : [`set, but not used by npm start: ${ignored.join(', ')}`]),
    ],
  }
}

function pingPrograms(
  { hosts, serverPort, processorPort }: LocalSettings,
  { server, processor }: Programs,
  env: NodeJS.ProcessEnv,
): readonly Part[] {
  return [
    programPart({ name: 'server', main: server, hosts, port: serverPort, readyPath: '/readyz', env, isEssential: true }),
    programPart({ name: 'processor', main: processor, hosts, port: processorPort, readyPath: '/livez', env, isEssential: false }),
  ]
}

/** Pages of a program's own address: no other page in a browser of this machine may call it. */
function ownOrigins(port: number): string {
  return ['localhost', '127.0.0.1', '[::1]'].map(host => `http://${host}:${port}`).join(',')
}

interface Chosen {
  readonly part?: Part
  readonly address: string
  readonly kind: string
}

/** Where Node keeps its compile cache: with the packages, or in the data folder if the packages belong to another user. */
function compiledBy(dataDir: string): NodeJS.ProcessEnv {
  const folder = writableFolder([COMPILE_CACHE, join(dataDir, 'compiled')])
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder }
}

function cacheOf({ redisUrl, redisPort }: LocalSettings, compiled: NodeJS.ProcessEnv): Chosen {
  if (redisUrl !== undefined) return { address: redisUrl, kind: 'yours, from REDIS_URL' }
  return { address: `redis://127.0.0.1:${redisPort}`, ...cachePart(redisPort, compiled) }
}

function kafkaOf({ kafkaBrokers, kafkaPort, consolePort }: LocalSettings, ours: string, main: string): Chosen {
  if (kafkaBrokers.length > 0) return { address: kafkaBrokers.join(','), kind: 'yours, from KAFKA_BROKERS' }
  const part = brokerPart({ main, port: kafkaPort, consolePort, dataDir: join(ours, 'broker') })
  return { address: `127.0.0.1:${kafkaPort}`, kind: "Ping's own broker", part }
}

/** Shown instead of a password. */
export const HIDDEN = '***'

function withoutPassword(address: string): string {
  const url = new URL(address)
  if (url.password !== '') url.password = HIDDEN
  return url.href.replace(/\/$/, '')
}
