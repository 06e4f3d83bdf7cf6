import { startLineConsole, type LineConsole, type LineConsoleOptions } from '../../../broker/console/line-console.ts'
import { positionsIn } from '../../../broker/console/positions.ts'
import type { Folder } from '../../../broker/log/folder.ts'
import { memoryFolder } from '../../../broker/log/memory-folder.ts'
import type { LogSettings } from '../../../broker/log/partition-log.ts'
import { OffsetStore } from '../../../broker/offsets/offset-store.ts'
import { Appender } from '../../../broker/produce/appender.ts'
import { encodeBatch, type NewRecord } from '../../../broker/records/records.ts'
import { Topics } from '../../../broker/topics/topics.ts'
import type { Logger } from '../../../src/runtime/logger.ts'
import { LineClient } from './line-client.ts'

export const TOPIC = 'lines'
/** Small, so that lines at the limit are cheap. */
export const MAX_LINE_BYTES = 20_000

const LOG_SETTINGS: LogSettings = {
  segmentBytes: 1 << 30,
  segmentMs: 1e12,
  indexIntervalBytes: 4096,
  retentionMs: -1,
  retentionBytes: -1,
  maxMessageBytes: MAX_LINE_BYTES,
  timestampType: 'CreateTime',
  flushEachAppend: false,
  producerIdExpirationMs: 1e12,
}

export interface BrokerParts {
  readonly topics: Topics
  readonly offsets: OffsetStore
  readonly appender: Appender
  readonly folder: Folder
  /** The topics whose waiting requests were notified of new records. */
  readonly notified: string[]
}

/** The parts of a broker, without its Kafka protocol. */
export function openParts(folder: Folder = memoryFolder(), settings: Partial<LogSettings> = {}): BrokerParts {
  const now = (): number => Date.now()
  const notified: string[] = []
  const topics = Topics.open({
    folder,
    now,
    failed: error => {
      throw error
    },
    defaultPartitions: 3,
    logSettings: () => ({ ...LOG_SETTINGS, ...settings }),
  })
  const appender = new Appender(
    log =>
      void notified.push(
        ...topics
          .all()
          .filter(({ partitions }) => partitions.includes(log))
          .map(({ name }) => name),
      ),
  )
  return { topics, offsets: OffsetStore.open(folder, now), appender, folder, notified }
}

function closeParts({ topics, offsets }: BrokerParts): void {
  topics.close()
  offsets.close()
}

export interface LoggedLine {
  readonly level: 'warn' | 'error'
  readonly text: string
}

export interface RunningConsole extends BrokerParts {
  readonly console: LineConsole
  /** What was logged. */
  readonly logged: LoggedLine[]
  /** Groups with Kafka clients as members. */
  readonly groupsWithMembers: Set<string>
  /** Connects a client, which has read the help. */
  connect(): Promise<LineClient>
  stop(): Promise<void>
}

/** A console over real topics and offsets in memory. */
export async function startConsole(options: Partial<LineConsoleOptions> = {}, parts: BrokerParts = openParts()): Promise<RunningConsole> {
  const logged: LoggedLine[] = []
  const groupsWithMembers = new Set<string>()
  const log = {
    warn: (_: object, text: string) => void logged.push({ level: 'warn', text }),
    error: (_: object, text: string) => void logged.push({ level: 'error', text }),
  } as unknown as Logger
  const lineConsole = await startLineConsole({
    host: '127.0.0.1',
    port: 0,
    topics: parts.topics,
    appender: parts.appender,
    positions: positionsIn(parts.offsets, group => groupsWithMembers.has(group)),
    topic: TOPIC,
    isAutoCreateEnabled: true,
    maxLineBytes: MAX_LINE_BYTES,
    now: () => Date.now(),
    log,
    ...options,
  })
  const clients: LineClient[] = []
  return {
    ...parts,
    console: lineConsole,
    logged,
    groupsWithMembers,
    connect: async () => {
      const client = await LineClient.connect(lineConsole.port)
      clients.push(client)
      return client
    },
    stop: async () => {
      for (const client of clients) client.cut()
      await lineConsole.stop(1000)
      closeParts(parts)
    },
  }
}

/** Appends as a Kafka client would, one batch. */
export function produce({ topics, appender }: BrokerParts, topic: string, records: readonly NewRecord[], partition = 0): void {
  appender.append(topics.partition(topic, partition), encodeBatch(records, { timestamp: 1n }))
}
