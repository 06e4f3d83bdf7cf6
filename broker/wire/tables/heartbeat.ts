import { defineApi } from '../api.ts'
import { since } from '../schema.ts'
import { int16, int32, nullable, string } from '../types.ts'

export const heartbeat = defineApi({
  name: 'Heartbeat',
  key: 12,
  versions: [0, 4],
  flexibleFrom: 4,
  request: {
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: since(3, nullable(string)),
  },
  response: {
    throttleTimeMs: since(1, int32),
    errorCode: int16,
  },
})
