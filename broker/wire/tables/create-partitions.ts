import { defineApi } from '../api.ts'
import { since } from '../schema.ts'
import { array, boolean, int16, int32, nullable, string } from '../types.ts'

export const createPartitions = defineApi({
  name: 'CreatePartitions',
  key: 37,
  versions: [0, 3],
  flexibleFrom: 2,
  request: {
    topics: array({ name: string, count: int32, assignments: nullable(array({ brokerIds: array(int32) })) }),
    timeoutMs: int32,
    validateOnly: boolean,
  },
  response: {
    throttleTimeMs: since(0, int32),
    results: array({ name: string, errorCode: int16, errorMessage: nullable(string) }),
  },
})
