import { defineApi } from '../api.ts'
import { since } from '../schema.ts'
import { array, boolean, bytes, int16, int32, nullable, string } from '../types.ts'

export const joinGroup = defineApi({
  name: 'JoinGroup',
  key: 11,
  versions: [0, 9],
  flexibleFrom: 6,
  request: {
    groupId: string,
    sessionTimeoutMs: int32,
    rebalanceTimeoutMs: since(1, int32, { absent: -1 }),
    memberId: string,
    groupInstanceId: since(5, nullable(string)),
    protocolType: string,
    protocols: array({ name: string, metadata: bytes }),
    reason: since(8, nullable(string)),
  },
  response: {
    throttleTimeMs: since(2, int32),
    errorCode: int16,
    generationId: int32,
    protocolType: since(7, nullable(string)),
    protocolName: nullable(string, { from: 7 }),
    leader: string,
    skipAssignment: since(9, boolean),
    memberId: string,
    members: array({ memberId: string, groupInstanceId: since(5, nullable(string)), metadata: bytes }),
  },
})
