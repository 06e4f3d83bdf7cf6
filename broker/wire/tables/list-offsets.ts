import { defineApi } from '../api.ts'
import { since } from '../schema.ts'
import { array, int16, int32, int64, int8, string } from '../types.ts'

export const listOffsets = defineApi({
  name: 'ListOffsets',
  key: 2,
  versions: [1, 8],
  flexibleFrom: 6,
  request: {
    replicaId: int32,
    isolationLevel: since(2, int8),
    topics: array({
      name: string,
      partitions: array({ partitionIndex: int32, currentLeaderEpoch: since(4, int32, { absent: -1 }), timestamp: int64 }),
    }),
  },
  response: {
    throttleTimeMs: since(2, int32),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        timestamp: since(1, int64, { absent: -1n }),
        offset: since(1, int64, { absent: -1n }),
        leaderEpoch: since(4, int32, { absent: -1 }),
      }),
    }),
  },
})
