import { defineApi } from '../api.ts'
import { since, tagged } from '../schema.ts'
import { array, int16, int32, int64, nullable, records, string, struct } from '../types.ts'

export const produce = defineApi({
  name: 'Produce',
  key: 0,
  versions: [3, 11],
  // Versions 0 to 2 are refused, but librdkafka assumes that a broker that does not announce them does not support compression.
  announcedFrom: 0,
  flexibleFrom: 9,
  request: {
    transactionalId: since(3, nullable(string)),
    acks: int16,
    timeoutMs: int32,
    topicData: array({ name: string, partitionData: array({ index: int32, records: nullable(records) }) }),
  },
  response: {
    responses: array({
      name: string,
      partitionResponses: array({
        index: int32,
        errorCode: int16,
        baseOffset: int64,
        logAppendTimeMs: since(2, int64, { absent: -1n }),
        logStartOffset: since(5, int64, { absent: -1n }),
        recordErrors: since(8, array({ batchIndex: int32, batchIndexErrorMessage: nullable(string) })),
        errorMessage: since(8, nullable(string)),
        currentLeader: tagged(0, 10, struct({ leaderId: int32, leaderEpoch: int32 }), { absent: { leaderId: -1, leaderEpoch: -1 } }),
      }),
    }),
    throttleTimeMs: since(1, int32),
    nodeEndpoints: tagged(0, 10, array({ nodeId: int32, host: string, port: int32, rack: nullable(string) })),
  },
})
