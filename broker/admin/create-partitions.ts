import { ERROR, ProtocolError } from '../errors.ts'
import type { Handler } from '../server/handler.ts'
import { oneByOne } from '../server/one-by-one.ts'
import type { RequestOf } from '../wire/api.ts'
import { repeated } from '../wire/repeated.ts'
import type { createPartitions } from '../wire/tables/create-partitions.ts'
import type { AdminOptions } from './admin-options.ts'
import { checkAddedAssignments } from './assignments.ts'
import { unknownTopic } from './resources.ts'
import { refusal, verdictOf } from './verdict.ts'

type Asked = RequestOf<typeof createPartitions>['topics'][number]

const TWICE = refusal(new ProtocolError(ERROR.INVALID_REQUEST, 'got the same topic name more than once, expected it once'))

export function createPartitionsHandler(options: AdminOptions): Handler<typeof createPartitions> {
  return async ({ topics, validateOnly }) => {
    const twice = repeated(topics.map(({ name }) => name))
    const single = topics.filter(({ name }) => !twice.has(name))
    const results = await oneByOne(single, asked => ({
      name: asked.name,
      ...verdictOf('adding partitions', () => addPartitions(options, asked, validateOnly)),
    }))
    return { results: [...results, ...Array.from(twice, name => ({ name, ...TWICE }))] }
  }
}

function addPartitions({ topics, settings }: AdminOptions, { name, count, assignments }: Asked, isOnlyChecked: boolean): void {
  const topic = topics.get(name)
  if (!topic) throw unknownTopic(name)
  topics.addPartitions(topic, count, { isOnlyChecked: true })
  if (assignments) checkAddedAssignments(assignments, count - topic.partitions.length, settings.nodeId)
  if (!isOnlyChecked) topics.addPartitions(topic, count)
}
