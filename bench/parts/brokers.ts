import { fileURLToPath } from 'node:url'
import { environment } from '../../local/environment.ts'
import { launchBroker } from '../../local/launch/broker.ts'
import type { Child } from '../../local/launch/child.ts'
import { launchKafka } from '../../local/launch/kafka.ts'

export const CONTENDERS = ['ours', 'apache'] as const
export type Contender = (typeof CONTENDERS)[number]

export interface LaunchOptions {
  readonly port: number
  /** Created if it does not exist; both brokers reuse their own. */
  readonly dataDir: string
  /** True: use nothing that an earlier start has compiled, as after an installation. */
  readonly isCold?: boolean
  /** Where Ping's broker writes a CPU profile; undefined: it does not. */
  readonly profileDir?: string | undefined
  /** Gets the process as soon as it is started. */
  readonly onSpawn: (child: Child) => void
}

/** Those of Kafka's own start script. */
export const KAFKA_JVM_FLAGS = [
  '-Xmx1G',
  '-Xms1G',
  '-server',
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:InitiatingHeapOccupancyPercent=35',
  '-XX:+ExplicitGCInvokesConcurrent',
]
const OURS = fileURLToPath(new URL('../../broker/main.js', import.meta.url))

/** Starts a broker as a process. Formats the folder first if needed. */
export function launch(contender: Contender, options: LaunchOptions): Promise<Child> {
  const { port, dataDir, isCold = false, profileDir, onSpawn } = options
  if (contender === 'ours') {
    const nodeFlags = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`]
    const env = { ...environment(), ...(isCold && { NODE_DISABLE_COMPILE_CACHE: '1' }) }
    return launchBroker({ main: OURS, port, dataDir, nodeFlags, env, onSpawn })
  }
  const isBroker = (child: Child): boolean => child.name === 'kafka' // not the process that formats its folder
  return launchKafka({ port, dataDir, jvmFlags: KAFKA_JVM_FLAGS, onSpawn: child => isBroker(child) && onSpawn(child) })
}
