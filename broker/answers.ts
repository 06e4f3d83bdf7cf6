import { adminAnswers } from './admin/answers.ts'
import type { BrokerSettings } from './config/settings.ts'
import { fetchHandler } from './fetch/fetch.ts'
import { listOffsetsHandler } from './fetch/list-offsets.ts'
import { offsetForLeaderEpochHandler } from './fetch/offset-for-leader-epoch.ts'
import type { Groups } from './groups/groups.ts'
import type { BrokerMetrics } from './metrics.ts'
import { initProducerIdHandler } from './produce/init-producer-id.ts'
import { produceHandler } from './produce/produce.ts'
import { apiVersionsAnswer } from './server/api-versions.ts'
import { answer, type Answer } from './server/handler.ts'
import type { State } from './state.ts'
import { metadataHandler } from './topics/metadata.ts'
import { fetch, initProducerId, listOffsets, metadata, offsetForLeaderEpoch, produce } from './wire/tables/index.ts'

export interface AnswersOptions {
  readonly settings: BrokerSettings
  readonly state: State
  readonly groups: Groups
  readonly metrics: BrokerMetrics
}

/** Every request that this broker answers. */
export function answersOf({ settings, state, groups, metrics }: AnswersOptions): readonly Answer[] {
  const { topics, appender, waiters, producerIds, clusterId } = state
  const { nodeId, autoCreateTopics, fetchMaxBytes } = settings
  const answers: readonly Answer[] = [
    apiVersionsAnswer(() => answers.map(({ api }) => api)),
    answer(metadata, metadataHandler({ topics, nodeId, clusterId, isAutoCreateEnabled: autoCreateTopics })),
    answer(produce, produceHandler({ topics, appender, produced: (...batch) => metrics.produced(...batch) })),
    answer(initProducerId, initProducerIdHandler(producerIds)),
    answer(fetch, fetchHandler({ topics, waiters, maxBytes: fetchMaxBytes, fetched: (...batches) => metrics.fetched(...batches) })),
    answer(listOffsets, listOffsetsHandler(topics)),
    answer(offsetForLeaderEpoch, offsetForLeaderEpochHandler(topics)),
    ...groups.answers,
    ...adminAnswers({ settings, topics, clusterId }),
  ]
  return answers
}
