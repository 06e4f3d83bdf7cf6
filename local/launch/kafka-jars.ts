import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { environment } from '../environment.ts'
import { FinalStartError, runToEnd, type ChildHooks } from './child.ts'
import { onPath } from './on-path.ts'

export const KAFKA_VERSION = '4.1.2'
const POM = join(import.meta.dirname, 'kafka', 'pom.xml')
const CACHE = join(import.meta.dirname, '..', '..', '.cache', `kafka-${KAFKA_VERSION}`)
/** What the pom resolves to; fewer means an interrupted copy. */
const MIN_JARS = 90
const MIN_JAVA = 17

/** Why Apache Kafka cannot run here and what to do about it, or undefined when it can. */
export function missingForKafka(): string | undefined {
  const java = javaVersion()
  if (java === undefined) return 'no working `java` on the path: install Java 17 or newer'
  if (java < MIN_JAVA) return `\`java\` is version ${java}: install Java ${MIN_JAVA} or newer`
  if (!areResolved() && !onPath('mvn')) return 'no `mvn` on the path to download Kafka: install Maven'
  return undefined
}

/** The folder of the jars, downloaded by Maven the first time (54 MB). */
export async function kafkaJars(hooks: ChildHooks = {}): Promise<string> {
  const folder = join(CACHE, 'libs')
  if (areResolved()) return folder
  hooks.onLine?.(`downloading Apache Kafka ${KAFKA_VERSION} with Maven; this happens once`)
  const fresh = join(CACHE, `libs-${process.pid}`)
  const args = [
    '-q',
    '-B',
    '-Dstyle.color=never',
    '-f',
    POM,
    'dependency:copy-dependencies',
    '-DincludeScope=runtime',
    `-DoutputDirectory=${fresh}`,
  ]
  try {
    await runToEnd({ name: 'mvn', command: 'mvn', args, env: environment(), ...hooks })
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true })
    throw new FinalStartError('Maven could not download Apache Kafka; start again to retry', { cause: error })
  }
  if (!areResolved()) {
    rmSync(folder, { recursive: true, force: true })
    renameSync(fresh, folder) // atomically: a second process never sees half a folder
  } else rmSync(fresh, { recursive: true, force: true })
  return folder
}

/** The major version, or undefined without a working Java (macOS has a `java` that only says that there is none). */
function javaVersion(): number | undefined {
  if (!onPath('java')) return undefined
  const { stderr, status } = spawnSync('java', ['-version'], { encoding: 'utf8', env: environment() })
  const version = /version "(?:1\.)?(\d+)/.exec(stderr)?.[1]
  return status === 0 && version !== undefined ? Number(version) : undefined
}

function areResolved(): boolean {
  const folder = join(CACHE, 'libs')
  return existsSync(folder) && readdirSync(folder).length >= MIN_JARS
}
