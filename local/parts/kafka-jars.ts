import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runToEnd, type ChildHooks } from './child.ts'
import { onPath } from './on-path.ts'

export const KAFKA_VERSION = '4.1.2'
const POM = join(import.meta.dirname, 'kafka', 'pom.xml')
const CACHE = join(import.meta.dirname, '..', '..', '.cache', `kafka-${KAFKA_VERSION}`)
/** What the pom resolves to; fewer means an interrupted copy. */
const LEAST_JARS = 90

/** Why Apache Kafka cannot run here and what to do about it, or undefined when it can. */
export function missingForKafka(): string | undefined {
  if (!onPath('java')) return 'no `java` on the path: install Java 17 or newer'
  if (!areResolved() && !onPath('mvn')) return 'no `mvn` on the path to fetch Kafka with: install Maven'
  return undefined
}

/** The folder of the jars, fetched by Maven the first time (54 MB). */
export async function kafkaJars(hooks: ChildHooks = {}): Promise<string> {
  const folder = join(CACHE, 'libs')
  if (areResolved()) return folder
  hooks.onLine?.(`fetching Apache Kafka ${KAFKA_VERSION} with Maven, once`)
  const fresh = join(CACHE, `libs-${process.pid}`)
  const args = ['-q', '-B', '-f', POM, 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${fresh}`]
  await runToEnd({ name: 'mvn', command: 'mvn', args, ...hooks })
  if (!areResolved()) {
    rmSync(folder, { recursive: true, force: true })
    renameSync(fresh, folder) // in one step: a second starter never sees half a folder
  } else rmSync(fresh, { recursive: true, force: true })
  return folder
}

function areResolved(): boolean {
  const folder = join(CACHE, 'libs')
  return existsSync(folder) && readdirSync(folder).length >= LEAST_JARS
}
