import { defineApi } from '../api.ts'
import { since } from '../schema.ts'
import { array, boolean, int16, int32, int8, nullable, string } from '../types.ts'

export const describeConfigs = defineApi({
  name: 'DescribeConfigs',
  key: 32,
  versions: [1, 4],
  flexibleFrom: 4,
  request: {
    resources: array({ resourceType: int8, resourceName: string, configurationKeys: nullable(array(string)) }),
    includeSynonyms: since(1, boolean),
    includeDocumentation: since(3, boolean),
  },
  response: {
    throttleTimeMs: since(0, int32),
    results: array({
      errorCode: int16,
      errorMessage: nullable(string),
      resourceType: int8,
      resourceName: string,
      configs: array({
        name: string,
        value: nullable(string),
        readOnly: boolean,
        configSource: since(1, int8, { absent: -1 }),
        isSensitive: boolean,
        synonyms: since(1, array({ name: string, value: nullable(string), source: int8 })),
        configType: since(3, int8),
        documentation: since(3, nullable(string)),
      }),
    }),
  },
})
