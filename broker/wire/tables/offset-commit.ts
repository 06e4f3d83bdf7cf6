import { defineApi } from '../api.ts'
import { between, since } from '../schema.ts'
import { array, int16, int32, int64, nullable, string } from '../types.ts'

export const offsetCommit = defineApi({
  name: 'OffsetCommit',
  key: 8,
  versions: [2, 9],
  flexibleFrom: 8,
  request: {
    groupId: string,
    generationIdOrMemberEpoch: since(1, int32, { absent: -1 }),
    memberId: since(1, string),
    groupInstanceId: since(7, nullable(string)),
    retentionTimeMs: between(2, 4, int64, { absent: -1n }),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        committedOffset: int64,
        committedLeaderEpoch: since(6, int32, { absent: -1 }),
        committedMetadata: nullable(string),
      }),
    }),
  },
  response: {
    throttleTimeMs: since(3, int32),
    topics: array({ name: string, partitions: array({ partitionIndex: int32, errorCode: int16 }) }),
  },
})
