import { metadata } from '../../../../broker/wire/tables/index.ts'
import { until } from '../../../support/programs.ts'
import { CLOSED, type Received } from '../raw-connection.ts'
import type { Script } from '../script.ts'

const VERSIONS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]

export const clusterMetadata = {
  title: 'metadata',
  steps: (s: Script) => {
    let topic: string
    let topicId: Buffer
    s.step('a topic for this chapter', async () => {
      topic = await s.newTopic('known', 2)
      const answer = await s.must(metadata, 12, { topics: [{ name: topic }], allowAutoTopicCreation: false })
      topicId = answer.topics[0]?.topicId ?? Buffer.alloc(0)
      return answer.topics
    })
    for (const version of VERSIONS) {
      s.step(`Metadata ${version} of a topic`, () => s.ask(metadata, version, { topics: [{ name: topic }], allowAutoTopicCreation: false }))
    }
    s.step('no topic asked for in version 0 means all', async () => ours(s, await s.ask(metadata, 0, { topics: [] })))
    s.step('no topic asked for since version 1 means none', () => s.ask(metadata, 1, { topics: [] }))
    s.step('null means all', async () => ours(s, await s.ask(metadata, 1, { topics: null })))
    s.step('a topic by its id', () => s.ask(metadata, 12, { topics: [{ topicId, name: null }] }))
    s.step('an unknown topic id', () => s.ask(metadata, 12, { topics: [{ topicId: Buffer.alloc(16, 7), name: null }] }))
    s.step('a topic id in version 10, which cannot answer it', () => s.ask(metadata, 10, { topics: [{ topicId, name: null }] }))
    s.step('an unknown topic that must not be created', () =>
      s.ask(metadata, 4, { topics: [{ name: s.name('unknown') }], allowAutoTopicCreation: false }),
    )
    s.step('an unknown topic that must not be created, in version 12', () =>
      s.ask(metadata, 12, { topics: [{ name: s.name('unknown') }], allowAutoTopicCreation: false }),
    )
    s.step('several topics, each once, even if requested repeatedly', async () => {
      const answer = await s.must(metadata, 4, {
        topics: [{ name: topic }, { name: s.name('unknown') }, { name: topic }],
        allowAutoTopicCreation: false,
      })
      return answer.topics.map(({ name, errorCode }) => [name, errorCode]).toSorted()
    })
    s.step('an unknown topic that may be created', async () => {
      const name = s.name('created')
      const first = await s.must(metadata, 4, { topics: [{ name }], allowAutoTopicCreation: true })
      await s.untilTopic(name, 1)
      return first.topics
    })
    s.step('the created topic', () => s.ask(metadata, 12, { topics: [{ name: s.name('created') }], allowAutoTopicCreation: false }))
    s.step('versions before 4 always create', async () => {
      const name = s.name('created-by-old')
      await s.must(metadata, 1, { topics: [{ name }] })
      await s.untilTopic(name, 1)
      return 'created'
    })
    for (const name of ['', '.', '..', 'with space', 'ü', 'a/b', 'x'.repeat(250)]) {
      s.step(`the invalid name ${JSON.stringify(name.slice(0, 12))} of ${name.length} characters`, async () =>
        topicsOf(await s.ask(metadata, 4, { topics: [{ name }], allowAutoTopicCreation: true })),
      )
    }
    s.step('an invalid name that must not be created', async () =>
      topicsOf(await s.ask(metadata, 9, { topics: [{ name: 'with space' }], allowAutoTopicCreation: false })),
    )
    s.step('an internal topic that does not exist', async () =>
      topicsOf(await s.ask(metadata, 9, { topics: [{ name: '__share_group_state' }], allowAutoTopicCreation: false })),
    )
    s.step('the metadata log, which is not a topic', async () =>
      topicsOf(await s.ask(metadata, 9, { topics: [{ name: '__cluster_metadata' }], allowAutoTopicCreation: true })),
    )
    s.step('two names that differ in dot and underscore', async () => {
      await s.newTopic('dot.ted')
      const name = s.name('dot_ted')
      const first = await s.must(metadata, 4, { topics: [{ name }], allowAutoTopicCreation: true })
      return topicsOf(first)
    })
    s.step('the authorised operations of a topic and the cluster', () =>
      s.ask(metadata, 8, {
        topics: [{ name: topic }],
        allowAutoTopicCreation: false,
        includeClusterAuthorizedOperations: true,
        includeTopicAuthorizedOperations: true,
      }),
    )
    s.step('a created topic is soon listed', async () => {
      const name = s.name('created')
      await until('it is listed', async () => (await s.must(metadata, 1, { topics: null })).topics.some(each => each.name === name))
      return 'listed'
    })
  },
}

/** The broker may be shared with other tests: their topics are ignored. */
function ours(s: Script, answer: Received<typeof metadata> | typeof CLOSED): unknown {
  if (answer === CLOSED) return CLOSED
  return { ...answer, topics: answer.topics.filter(({ name }) => name?.startsWith(s.run)) }
}

function topicsOf(answer: Received<typeof metadata> | typeof CLOSED): unknown {
  return answer === CLOSED ? CLOSED : answer.topics
}
