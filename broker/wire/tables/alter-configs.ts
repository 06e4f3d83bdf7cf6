import { defineApi } from '../api.ts'
import { since } from '../schema.ts'
import { array, boolean, int16, int32, int8, nullable, string } from '../types.ts'

export const alterConfigs = defineApi({
  name: 'AlterConfigs',
  key: 33,
  versions: [0, 2],
  flexibleFrom: 2,
  request: {
    resources: array({ resourceType: int8, resourceName: string, configs: array({ name: string, value: nullable(string) }) }),
    validateOnly: boolean,
  },
  response: {
    throttleTimeMs: since(0, int32),
    responses: array({ errorCode: int16, errorMessage: nullable(string), resourceType: int8, resourceName: string }),
  },
})
