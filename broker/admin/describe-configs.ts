import { describeBrokerConfigs, describeTopicConfigs, type ConfigEntry } from '../config/describe.ts'
import type { Handler } from '../server/handler.ts'
import { oneByOne } from '../server/one-by-one.ts'
import type { RequestOf, ResponseOf } from '../wire/api.ts'
import type { describeConfigs } from '../wire/tables/describe-configs.ts'
import type { AdminOptions } from './admin-options.ts'
import { isThisBroker, RESOURCE, topicOf, unknownResource } from './resources.ts'
import { verdictOf } from './verdict.ts'

type Request = RequestOf<typeof describeConfigs>
type Asked = Request['resources'][number]
type Result = ResponseOf<typeof describeConfigs>['results'][number]

export function describeConfigsHandler(options: AdminOptions): Handler<typeof describeConfigs> {
  return async request => {
    // A resource takes a few bytes of the request and kilobytes of the response, so a duplicate gets no second answer.
    const once = [...new Map(request.resources.map(asked => [`${asked.resourceType}/${asked.resourceName}`, asked])).values()]
    return { results: await oneByOne(once, asked => describe(options, asked, request)) }
  }
}

function describe(options: AdminOptions, asked: Asked, request: Request): Result {
  const { resourceType, resourceName } = asked
  let configs: Result['configs'] = []
  const { errorCode, errorMessage } = verdictOf('describing configurations', () => {
    configs = wanted(entriesOf(options, asked), asked.configurationKeys).map(entry => ({
      ...entry,
      synonyms: request.includeSynonyms ? entry.synonyms : [],
      documentation: request.includeDocumentation ? entry.documentation : null,
    }))
  })
  // Some clients check the message instead of the code, so no error is an empty string here.
  return { errorCode, errorMessage: errorMessage ?? '', resourceType, resourceName, configs }
}

function entriesOf({ topics, settings }: AdminOptions, { resourceType, resourceName }: Asked): readonly ConfigEntry[] {
  if (resourceType === RESOURCE.topic) return describeTopicConfigs(settings, topicOf(topics, resourceName).configs)
  if (resourceType === RESOURCE.broker) return isThisBroker(resourceName, settings.nodeId) ? describeBrokerConfigs(settings) : []
  throw unknownResource(resourceType)
}

/** Null and an empty list mean all keys. */
function wanted(entries: readonly ConfigEntry[], keys: readonly string[] | null): readonly ConfigEntry[] {
  if (keys === null || keys.length === 0) return entries
  const names = new Set(keys)
  return entries.filter(({ name }) => names.has(name))
}
