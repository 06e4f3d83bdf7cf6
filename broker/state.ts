import type { Logger } from '../src/runtime/logger.ts'
import { closeAll } from './close-all.ts'
import { logSettings } from './config/log-settings.ts'
import type { BrokerSettings } from './config/settings.ts'
import { openDataFolder } from './data-folder.ts'
import { Waiters } from './fetch/waiters.ts'
import { diskFolder } from './log/disk-folder.ts'
import type { Folder } from './log/folder.ts'
import { memoryFolder } from './log/memory-folder.ts'
import { newClusterId } from './meta-properties.ts'
import { OffsetStore } from './offsets/offset-store.ts'
import { Appender } from './produce/appender.ts'
import { ProducerIds } from './produce/producer-ids.ts'
import { Topics } from './topics/topics.ts'
import { unusable } from './unusable.ts'

/** The state of a broker, in memory and in its data folder. */
export interface State {
  readonly clusterId: string
  readonly topics: Topics
  readonly offsets: OffsetStore
  readonly producerIds: ProducerIds
  readonly appender: Appender
  readonly waiters: Waiters
  /** Writes what makes the next start fast, and releases the folder. */
  close(): void
}

/** Opens the data folder and reads the state. Throws `SettingsError` if the folder belongs to another broker. */
export function openState(settings: BrokerSettings, log: Logger): State {
  const place = openPlace(settings)
  for (const finding of place.findings) log.warn({ finding }, 'repaired the data folder')
  const now = (): number => Date.now()
  try {
    const topics = Topics.open({
      folder: place.folder,
      logSettings: configs => logSettings(settings, configs),
      defaultPartitions: settings.numPartitions,
      now,
      failed: (err, what) => log.error({ err }, what),
    })
    const offsets = OffsetStore.open(place.folder, now, { flushEachCommit: settings.flushIntervalMessages === 1 })
    const waiters = new Waiters()
    topics.onDelete((name, partitions) => {
      for (const partition of partitions) waiters.deleted(partition)
      offsets.deleteTopic(name)
    })
    topics.finishDeletions()
    return {
      clusterId: place.clusterId,
      topics,
      offsets,
      producerIds: new ProducerIds(place.folder),
      appender: new Appender((log, bytes) => waiters.grown(log, bytes)),
      waiters,
      close: () => closeAll([() => topics.close(), () => offsets.close(), () => place.release()]),
    }
  } catch (error) {
    place.release()
    throw unusable(error, settings.dataFolder)
  }
}

interface Place {
  readonly folder: Folder
  readonly clusterId: string
  readonly findings: readonly string[]
  release(): void
}

function openPlace({ storage, dataFolder, nodeId }: BrokerSettings): Place {
  if (storage === 'memory') return { folder: memoryFolder(), clusterId: newClusterId(), findings: [], release: () => undefined }
  try {
    const { path, ...opened } = openDataFolder({ path: dataFolder, nodeId })
    return { folder: diskFolder(path), ...opened }
  } catch (error) {
    throw unusable(error, dataFolder)
  }
}
