import { answer, type Answer } from '../server/handler.ts'
import {
  alterConfigs,
  createPartitions,
  createTopics,
  deleteRecords,
  deleteTopics,
  describeCluster,
  describeConfigs,
  incrementalAlterConfigs,
} from '../wire/tables/index.ts'
import type { AdminOptions } from './admin-options.ts'
import { alterConfigsHandler } from './alter-configs.ts'
import { createPartitionsHandler } from './create-partitions.ts'
import { createTopicsHandler } from './create-topics.ts'
import { deleteRecordsHandler } from './delete-records.ts'
import { deleteTopicsHandler } from './delete-topics.ts'
import { describeClusterHandler } from './describe-cluster.ts'
import { describeConfigsHandler } from './describe-configs.ts'
import { incrementalAlterConfigsHandler } from './incremental-alter-configs.ts'

/** The requests of those who look after topics and the broker. What is answered with success is on disk. */
export function adminAnswers(options: AdminOptions): readonly Answer[] {
  return [
    answer(describeCluster, describeClusterHandler(options)),
    answer(createTopics, createTopicsHandler(options)),
    answer(createPartitions, createPartitionsHandler(options)),
    answer(deleteTopics, deleteTopicsHandler(options)),
    answer(deleteRecords, deleteRecordsHandler(options)),
    answer(describeConfigs, describeConfigsHandler(options)),
    answer(alterConfigs, alterConfigsHandler(options)),
    answer(incrementalAlterConfigs, incrementalAlterConfigsHandler(options)),
  ]
}
