import { defineApi } from '../api.ts'
import { between, since } from '../schema.ts'
import { array, int16, int32, nullable, string } from '../types.ts'

export const leaveGroup = defineApi({
  name: 'LeaveGroup',
  key: 13,
  versions: [0, 5],
  flexibleFrom: 4,
  request: {
    groupId: string,
    memberId: between(0, 2, string),
    members: since(3, array({ memberId: string, groupInstanceId: nullable(string), reason: since(5, nullable(string)) })),
  },
  response: {
    throttleTimeMs: since(1, int32),
    errorCode: int16,
    members: since(3, array({ memberId: string, groupInstanceId: nullable(string), errorCode: int16 })),
  },
})
