import { defineApi } from '../api.ts'
import { since } from '../schema.ts'
import { array, boolean, int16, int32, int8, nullable, string } from '../types.ts'

export const incrementalAlterConfigs = defineApi({
  name: 'IncrementalAlterConfigs',
  key: 44,
  versions: [0, 1],
  flexibleFrom: 1,
  request: {
    resources: array({
      resourceType: int8,
      resourceName: string,
      configs: array({ name: string, configOperation: int8, value: nullable(string) }),
    }),
    validateOnly: boolean,
  },
  response: {
    throttleTimeMs: since(0, int32),
    responses: array({ errorCode: int16, errorMessage: nullable(string), resourceType: int8, resourceName: string }),
  },
})
