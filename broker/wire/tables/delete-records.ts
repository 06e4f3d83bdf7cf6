import { defineApi } from '../api.ts'
import { since } from '../schema.ts'
import { array, int16, int32, int64, string } from '../types.ts'

export const deleteRecords = defineApi({
  name: 'DeleteRecords',
  key: 21,
  versions: [0, 2],
  flexibleFrom: 2,
  request: {
    topics: array({ name: string, partitions: array({ partitionIndex: int32, offset: int64 }) }),
    timeoutMs: int32,
  },
  response: {
    throttleTimeMs: since(0, int32),
    topics: array({ name: string, partitions: array({ partitionIndex: int32, lowWatermark: int64, errorCode: int16 }) }),
  },
})
