import { defineApi } from '../api.ts'
import { since } from '../schema.ts'
import { array, bytes, int16, int32, nullable, string } from '../types.ts'

export const syncGroup = defineApi({
  name: 'SyncGroup',
  key: 14,
  versions: [0, 5],
  flexibleFrom: 4,
  request: {
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: since(3, nullable(string)),
    protocolType: since(5, nullable(string)),
    protocolName: since(5, nullable(string)),
    assignments: array({ memberId: string, assignment: bytes }),
  },
  response: {
    throttleTimeMs: since(1, int32),
    errorCode: int16,
    protocolType: since(5, nullable(string)),
    protocolName: since(5, nullable(string)),
    assignment: bytes,
  },
})
