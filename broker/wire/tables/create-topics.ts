import { defineApi } from '../api.ts'
import { since, tagged } from '../schema.ts'
import { array, boolean, int16, int32, int8, nullable, string, uuid } from '../types.ts'

export const createTopics = defineApi({
  name: 'CreateTopics',
  key: 19,
  versions: [2, 7],
  flexibleFrom: 5,
  request: {
    topics: array({
      name: string,
      numPartitions: int32,
      replicationFactor: int16,
      assignments: array({ partitionIndex: int32, brokerIds: array(int32) }),
      configs: array({ name: string, value: nullable(string) }),
    }),
    timeoutMs: int32,
    validateOnly: since(1, boolean),
  },
  response: {
    throttleTimeMs: since(2, int32),
    topics: array({
      name: string,
      topicId: since(7, uuid),
      errorCode: int16,
      errorMessage: since(1, nullable(string)),
      topicConfigErrorCode: tagged(0, 5, int16),
      numPartitions: since(5, int32, { absent: -1 }),
      replicationFactor: since(5, int16, { absent: -1 }),
      configs: since(
        5,
        nullable(array({ name: string, value: nullable(string), readOnly: boolean, configSource: int8, isSensitive: boolean })),
      ),
    }),
  },
})
