import { defineApi } from '../api.ts'
import { since } from '../schema.ts'
import { array, int16, int32, int64, string } from '../types.ts'

export const offsetForLeaderEpoch = defineApi({
  name: 'OffsetForLeaderEpoch',
  key: 23,
  versions: [2, 4],
  flexibleFrom: 4,
  request: {
    replicaId: since(3, int32, { absent: -2 }),
    topics: array({
      topic: string,
      partitions: array({ partition: int32, currentLeaderEpoch: since(2, int32, { absent: -1 }), leaderEpoch: int32 }),
    }),
  },
  response: {
    throttleTimeMs: since(2, int32),
    topics: array({
      topic: string,
      partitions: array({ errorCode: int16, partition: int32, leaderEpoch: since(1, int32, { absent: -1 }), endOffset: int64 }),
    }),
  },
})
