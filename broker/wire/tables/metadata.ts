import { defineApi } from '../api.ts'
import { between, since } from '../schema.ts'
import { array, boolean, int16, int32, nullable, string, uuid } from '../types.ts'

export const metadata = defineApi({
  name: 'Metadata',
  key: 3,
  versions: [0, 12],
  flexibleFrom: 9,
  request: {
    topics: nullable(array({ topicId: since(10, uuid), name: nullable(string, { from: 10 }) }), { from: 1 }),
    allowAutoTopicCreation: since(4, boolean, { absent: true }),
    includeClusterAuthorizedOperations: between(8, 10, boolean),
    includeTopicAuthorizedOperations: since(8, boolean),
  },
  response: {
    throttleTimeMs: since(3, int32),
    brokers: array({ nodeId: int32, host: string, port: int32, rack: since(1, nullable(string)) }),
    clusterId: since(2, nullable(string)),
    controllerId: since(1, int32, { absent: -1 }),
    topics: array({
      errorCode: int16,
      name: nullable(string, { from: 12 }),
      topicId: since(10, uuid),
      isInternal: since(1, boolean),
      partitions: array({
        errorCode: int16,
        partitionIndex: int32,
        leaderId: int32,
        leaderEpoch: since(7, int32, { absent: -1 }),
        replicaNodes: array(int32),
        isrNodes: array(int32),
        offlineReplicas: since(5, array(int32)),
      }),
      topicAuthorizedOperations: since(8, int32, { absent: -0x8000_0000 }),
    }),
    clusterAuthorizedOperations: between(8, 10, int32, { absent: -0x8000_0000 }),
  },
})
