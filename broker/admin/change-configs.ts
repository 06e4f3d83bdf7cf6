import { checkTopicConfigs } from '../config/log-settings.ts'
import { ERROR, ProtocolError } from '../errors.ts'
import { oneByOne } from '../server/one-by-one.ts'
import { repeated } from '../wire/repeated.ts'
import type { AdminOptions } from './admin-options.ts'
import { isThisBroker, RESOURCE, topicOf, unknownResource } from './resources.ts'
import { refusal, verdictOf, type Verdict } from './verdict.ts'

interface Resource {
  readonly resourceType: number
  readonly resourceName: string
  readonly configs: readonly { readonly name: string }[]
}

type Changed = Verdict & Pick<Resource, 'resourceType' | 'resourceName'>
type Configs = ReadonlyMap<string, string>

/** Computes the new settings of a topic from the current ones. */
export type Change<R extends Resource> = (resource: R, current: Configs) => Configs

/** Changes each resource entirely or not at all. A resource that is listed twice is not changed. */
export async function changeConfigs<R extends Resource>(
  options: AdminOptions,
  resources: readonly R[],
  change: Change<R>,
  isOnlyChecked: boolean,
): Promise<Changed[]> {
  const idOf = ({ resourceType, resourceName }: R): string => `${resourceType}/${resourceName}`
  const twice = repeated(resources.map(idOf))
  const refused = refusal(new ProtocolError(ERROR.INVALID_REQUEST, 'got the same resource more than once, expected it once'))
  return oneByOne(resources, resource => {
    const { resourceType, resourceName } = resource
    const verdict = twice.has(idOf(resource))
      ? refused
      : verdictOf('changing configurations', () => changeOne(options, resource, change, isOnlyChecked))
    return { ...verdict, resourceType, resourceName }
  })
}

function changeOne<R extends Resource>({ topics, settings }: AdminOptions, resource: R, change: Change<R>, isOnlyChecked: boolean): void {
  const { resourceType, resourceName, configs } = resource
  const twice = [...repeated(configs.map(({ name }) => name))]
  if (twice.length > 0) throw new ProtocolError(ERROR.INVALID_REQUEST, `got ${twice.join(', ')} more than once, expected each key once`)
  if (resourceType === RESOURCE.broker) return refuseForBroker(resource, settings.nodeId)
  if (resourceType !== RESOURCE.topic) throw unknownResource(resourceType)
  if (resourceName === '')
    throw new ProtocolError(ERROR.INVALID_REQUEST, 'got no topic name, expected one: there are no settings for all topics')
  const topic = topicOf(topics, resourceName)
  const changed = change(resource, topic.configs)
  checkTopicConfigs(changed)
  if (!isOnlyChecked) topics.setConfigs(topic, changed)
}

/** The broker reads its settings only when it starts. */
function refuseForBroker({ resourceName, configs }: Resource, nodeId: number): void {
  isThisBroker(resourceName, nodeId)
  if (configs.length === 0) return
  const names = configs.map(({ name }) => name).join(', ')
  throw new ProtocolError(
    ERROR.INVALID_REQUEST,
    `got ${names} for a broker, expected a topic: broker settings cannot be changed while the broker runs, set them in its properties file`,
  )
}

/** Throws INVALID_REQUEST for null. */
export function valueOf({ name, value }: { readonly name: string; readonly value: string | null }): string {
  if (value === null) throw new ProtocolError(ERROR.INVALID_REQUEST, `${name}: got null, expected a value`)
  return value
}
