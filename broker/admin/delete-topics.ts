import { ERROR, ProtocolError } from '../errors.ts'
import type { Handler } from '../server/handler.ts'
import { oneByOne } from '../server/one-by-one.ts'
import type { Topic } from '../topics/topic.ts'
import type { ResponseOf } from '../wire/api.ts'
import type { deleteTopics } from '../wire/tables/delete-topics.ts'
import type { AdminOptions } from './admin-options.ts'
import { unknownTopic } from './resources.ts'
import { verdictOf } from './verdict.ts'

type Deleted = ResponseOf<typeof deleteTopics>['responses'][number]

/** A topic by its name or by its id. If not given, the name is null, the id is zero. */
interface Asked {
  readonly name: string | null
  readonly topicId: Buffer
  /** The topic itself, if it exists. */
  readonly topic: Topic | undefined
}

/** The first version in which a topic is named by name or id. */
const FIRST_WITH_IDS = 6
/** The first version whose clients know TOPIC_DELETION_DISABLED. */
const FIRST_WITH_DISABLED = 3
const NO_ID = Buffer.alloc(16)

export function deleteTopicsHandler(options: AdminOptions): Handler<typeof deleteTopics> {
  const { topics } = options
  return async (request, { version }) => {
    const byId = new Map(topics.all().map(topic => [topic.id.toString('hex'), topic]))
    const given = version < FIRST_WITH_IDS ? request.topicNames.map(name => ({ name, topicId: NO_ID })) : request.topics
    const asked = given.map(({ name, topicId }) => ({
      name,
      topicId,
      topic: name === null ? byId.get(topicId.toString('hex')) : topics.get(name),
    }))
    const groups = Map.groupBy(asked.entries(), ([index, one]) => keyOf(one, index))
    return {
      responses: await oneByOne([...groups.values()], group =>
        deleteTopic(
          options,
          group.map(([, one]) => one),
          version,
        ),
      ),
    }
  }
}

/** The same key for all requests that mean the same topic. */
function keyOf(asked: Asked, index: number): string {
  const { name, topicId, topic } = asked
  if (isMalformed(asked)) return `malformed ${index}`
  if (topic) return `topic ${topic.name}`
  return name === null ? `unknown id ${topicId.toString('hex')}` : `unknown name ${name}`
}

function isMalformed({ name, topicId }: Omit<Asked, 'topic'>): boolean {
  return (name === null) === topicId.equals(NO_ID)
}

/** `all`: every mention of one topic in the request. */
function deleteTopic(options: AdminOptions, all: readonly Asked[], version: number): Deleted {
  const name = all.find(asked => asked.name !== null)?.name ?? null
  const topicId = all.find(asked => !asked.topicId.equals(NO_ID))?.topicId ?? NO_ID
  let deleted: Pick<Deleted, 'name' | 'topicId'> = { name, topicId }
  const verdict = verdictOf('deleting a topic', () => {
    checkEnabled(options, version)
    if (all.length > 1) throw new ProtocolError(ERROR.INVALID_REQUEST, 'got the same topic more than once, expected it once')
    if (isMalformed({ name, topicId }))
      throw new ProtocolError(
        ERROR.INVALID_REQUEST,
        `got ${name === null ? 'neither a name nor' : 'both a name and'} an id, expected one of them`,
      )
    const topic = all[0]?.topic
    if (!topic) throw name === null ? unknownId() : unknownTopic(name)
    options.topics.delete(topic)
    deleted = { name: topic.name, topicId: topic.id }
  })
  return { ...deleted, ...verdict }
}

function checkEnabled({ settings }: AdminOptions, version: number): void {
  if (settings.mayDeleteTopics) return
  const code = version < FIRST_WITH_DISABLED ? ERROR.INVALID_REQUEST : ERROR.TOPIC_DELETION_DISABLED
  throw new ProtocolError(code, 'topics cannot be deleted: delete.topic.enable is false')
}

function unknownId(): ProtocolError {
  return new ProtocolError(ERROR.UNKNOWN_TOPIC_ID, 'topic id: got an unknown id, expected the id of a topic')
}
