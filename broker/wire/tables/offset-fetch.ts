import { defineApi } from '../api.ts'
import { between, since } from '../schema.ts'
import { array, boolean, int16, int32, int64, nullable, string } from '../types.ts'

export const offsetFetch = defineApi({
  name: 'OffsetFetch',
  key: 9,
  versions: [1, 9],
  flexibleFrom: 6,
  request: {
    groupId: between(0, 7, string),
    topics: between(0, 7, nullable(array({ name: string, partitionIndexes: array(int32) }), { from: 2 }), { absent: [] }),
    groups: since(
      8,
      array({
        groupId: string,
        memberId: since(9, nullable(string)),
        memberEpoch: since(9, int32, { absent: -1 }),
        topics: nullable(array({ name: string, partitionIndexes: array(int32) })),
      }),
    ),
    requireStable: since(7, boolean),
  },
  response: {
    throttleTimeMs: since(3, int32),
    topics: between(
      0,
      7,
      array({
        name: string,
        partitions: array({
          partitionIndex: int32,
          committedOffset: int64,
          committedLeaderEpoch: since(5, int32, { absent: -1 }),
          metadata: nullable(string),
          errorCode: int16,
        }),
      }),
    ),
    errorCode: between(2, 7, int16),
    groups: since(
      8,
      array({
        groupId: string,
        topics: array({
          name: string,
          partitions: array({
            partitionIndex: int32,
            committedOffset: int64,
            committedLeaderEpoch: int32,
            metadata: nullable(string),
            errorCode: int16,
          }),
        }),
        errorCode: int16,
      }),
    ),
  },
})
