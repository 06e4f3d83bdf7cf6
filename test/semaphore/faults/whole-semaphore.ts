import { startKafka, type KafkaKind, type TestKafka } from '../../support/kafka.ts'
import { startPostgres, type TestPostgres } from '../../support/postgres.ts'
import { startProgram, type Program, type ProgramSettings } from '../../support/programs.ts'
import { createTopics, type SemaphoreTopics } from './topics.ts'

export interface WholeSemaphore extends SemaphorePlace {
  readonly programs: readonly Program[]
  readonly postgres: TestPostgres
  readonly kafka: TestKafka
  stop(): Promise<void>
}

export interface SemaphoreOptions {
  readonly kafka?: KafkaKind
  readonly programs?: number
  readonly settings?: ProgramSettings
}

const SEMAPHORE = { name: 'semaphore', file: 'semaphore/main.ts', portSetting: 'SEMAPHORE_PORT' }

/** The semaphore as in production: each program a process, on its own durable Postgres and its own broker, which may be killed. */
export async function startSemaphore({ kafka: kind, programs: count = 1, settings = {} }: SemaphoreOptions = {}): Promise<WholeSemaphore> {
  const [postgres, kafka] = await Promise.all([startPostgres(), startKafka(kind)])
  const programs: Program[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(programs.map(program => program.stop()))
    await Promise.all([postgres.stop(), kafka.stop()])
  }
  try {
    const [{ url: databaseUrl }, topics] = await Promise.all([postgres.createDatabase('semaphore'), createTopics(kafka.brokers)])
    const place = { brokers: kafka.brokers, databaseUrl, topics }
    for (let number = 0; number < count; number++) programs.push(await startProgramOn(place, settings))
    await Promise.all(programs.map(program => program.untilReady()))
    return { ...place, programs, postgres, kafka, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Where a program finds its parts. */
export interface SemaphorePlace {
  readonly brokers: string
  readonly databaseUrl: string
  readonly topics: SemaphoreTopics
}

/** Starts the program on parts that are there; it may not be ready yet. */
export function startProgramOn({ databaseUrl, brokers, topics }: SemaphorePlace, settings: ProgramSettings = {}): Promise<Program> {
  return startProgram(SEMAPHORE, {
    DATABASE_URL: databaseUrl,
    KAFKA_BROKERS: brokers,
    SEMAPHORE_REQUEST_TOPIC: topics.requests,
    SEMAPHORE_EVENT_TOPIC: topics.events,
    SEMAPHORE_ACTIONABLE_TOPIC: topics.actionable,
    SEMAPHORE_OUTCOME_TOPIC: topics.outcomes,
    SEMAPHORE_GROUP: topics.requests,
    ...settings,
  })
}
