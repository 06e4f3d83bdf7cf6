import { createPartitions, createTopics, deleteTopics, describeConfigs, metadata } from '../../../../broker/wire/tables/index.ts'
import { until } from '../../../support/programs.ts'
import { CLOSED, type Received, type Sent } from '../raw-connection.ts'
import type { Script } from '../script.ts'

type NewTopic = Sent<typeof createTopics>['topics'][number]

/** Of the many configurations that Kafka returns with a new topic, those that this script checks. */
const CONFIGS_LOOKED_AT: ReadonlySet<string> = new Set(['cleanup.policy', 'retention.ms', 'segment.bytes', 'max.message.bytes'])
const TOPIC = 2

export const topics = {
  title: 'topics',
  steps: (s: Script) => {
    const one = (name: string, rest: Partial<NewTopic> = {}): NewTopic => ({
      name,
      numPartitions: 1,
      replicationFactor: 1,
      assignments: [],
      configs: [],
      ...rest,
    })
    const create = async (list: readonly NewTopic[], { version = 7, validateOnly = false } = {}) =>
      shortened(await s.ask(createTopics, version, { topics: list, timeoutMs: 5_000, validateOnly }))
    const wrongNames: string[] = []
    const nextWrong = () => {
      const name = s.name(`wrong-${wrongNames.length + 1}`)
      wrongNames.push(name)
      return name
    }
    const wrong = (title: string, rest: Partial<NewTopic>, name = nextWrong()) => s.step(title, () => create([one(name, rest)]))

    for (const version of [2, 3, 4, 5, 6, 7])
      s.step(`CreateTopics ${version}`, () => create([one(s.name(`v${version}`), { numPartitions: 3 })], { version }))
    s.step('a topic that exists', () => create([one(s.name('v7'))]))
    s.step('a topic that exists, in version 2', () => create([one(s.name('v7'))], { version: 2 }))
    s.step('the default partitions and replication factor of the broker', () =>
      create([one(s.name('defaults'), { numPartitions: -1, replicationFactor: -1 })]),
    )
    s.step('the defaults before version 4', () =>
      create([one(s.name('defaults-3'), { numPartitions: -1, replicationFactor: -1 })], { version: 3 }),
    )
    s.step('with configurations', () =>
      create([
        one(s.name('configured'), {
          configs: [
            { name: 'retention.ms', value: '60000' },
            { name: 'cleanup.policy', value: 'compact' },
          ],
        }),
      ]),
    )
    s.step('validate_only', async () => [
      await create([one(s.name('tried'))], { validateOnly: true }),
      await topicErrors(s, s.name('tried')),
    ])
    s.step('validate_only, and it exists', () => create([one(s.name('v7'))], { validateOnly: true }))
    s.step('none', () => create([]))
    s.step('two, one of them invalid', () => create([one(s.name('right')), one(nextWrong(), { numPartitions: 0 })]))
    s.step('the same twice', () => create([one(s.name('twice')), one(s.name('twice'))]))
    s.step('assigned by hand', async () =>
      create([
        one(s.name('by-hand'), {
          numPartitions: -1,
          replicationFactor: -1,
          assignments: [
            { partitionIndex: 0, brokerIds: [await nodeId(s)] },
            { partitionIndex: 1, brokerIds: [await nodeId(s)] },
          ],
        }),
      ]),
    )

    for (const numPartitions of [0, -2]) wrong(`${numPartitions} partitions`, { numPartitions })
    for (const replicationFactor of [0, -2, 2]) wrong(`a replication factor of ${replicationFactor}`, { replicationFactor })
    for (const name of ['', '.', '..', 'with space', 'ü', 'a/b', 'x'.repeat(250)])
      wrong(`the name ${JSON.stringify(name.slice(0, 12))} of ${name.length} characters`, {}, name)
    wrong('the metadata log', {}, '__cluster_metadata')
    s.step('a name of 249 characters', () => create([one(s.name('x').padEnd(249, 'x'))], { validateOnly: true }))
    s.step('names that differ in dot and underscore', async () => [await create([one(s.name('a.b'))]), await create([one(s.name('a_b'))])])
    wrong('an unknown configuration', { configs: [{ name: 'no.such.key', value: '1' }] })
    wrong('a configuration that is not a number', { configs: [{ name: 'retention.ms', value: 'soon' }] })
    wrong('a configuration out of its range', { configs: [{ name: 'segment.bytes', value: '-5' }] })
    wrong('a configuration with an unknown value', { configs: [{ name: 'cleanup.policy', value: 'keep' }] })
    wrong('a configuration of null', { configs: [{ name: 'retention.ms', value: null }] })
    s.step('a configuration twice', async () => {
      const name = s.name('config-twice')
      const answer = await create([
        one(name, {
          configs: [
            { name: 'retention.ms', value: '1000' },
            { name: 'retention.ms', value: '2000' },
          ],
        }),
      ])
      await s.untilTopic(name, 1)
      return answer
    })
    wrong('an assignment to an unknown node', {
      numPartitions: -1,
      replicationFactor: -1,
      assignments: [{ partitionIndex: 0, brokerIds: [99] }],
    })
    wrong('an assignment to no node', { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 0, brokerIds: [] }] })
    s.step('an assignment with a hole', async () =>
      create([
        one(nextWrong(), { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 1, brokerIds: [await nodeId(s)] }] }),
      ]),
    )
    s.step('an assignment and a number of partitions', async () =>
      create([one(nextWrong(), { assignments: [{ partitionIndex: 0, brokerIds: [await nodeId(s)] }] })]),
    )
    s.step('nothing invalid was created', async () => {
      const { topics: found } = await s.must(metadata, 5, { topics: wrongNames.map(name => ({ name })), allowAutoTopicCreation: false })
      return found.map(({ name, errorCode }) => ({ name, errorCode }))
    })

    const add = (
      name: string,
      count: number,
      { assignments = null as Sent<typeof createPartitions>['topics'][number]['assignments'], version = 3, validateOnly = false } = {},
    ) => s.ask(createPartitions, version, { topics: [{ name, count, assignments }], timeoutMs: 5_000, validateOnly })
    for (const version of [0, 1, 2, 3]) {
      s.step(`CreatePartitions ${version}`, async () => {
        const answer = await add(s.name('v2'), 4 + version, { version })
        await s.untilTopic(s.name('v2'), 4 + version)
        return answer
      })
    }
    s.step('the current number of partitions', () => add(s.name('v2'), 7))
    s.step('fewer partitions', () => add(s.name('v2'), 1))
    s.step('no partitions', () => add(s.name('v2'), 0))
    s.step('partitions of an unknown topic', () => add(s.name('unknown'), 5))
    s.step('partitions with validate_only', async () => [
      await add(s.name('v3'), 9, { validateOnly: true }),
      await partitionCount(s, s.name('v3')),
    ])
    s.step('partitions assigned by hand', async () => add(s.name('v4'), 4, { assignments: [{ brokerIds: [await nodeId(s)] }] }))
    s.step('partitions assigned to an unknown node', () => add(s.name('v5'), 4, { assignments: [{ brokerIds: [99] }] }))
    s.step('more partitions than are assigned', async () => add(s.name('v5'), 6, { assignments: [{ brokerIds: [await nodeId(s)] }] }))
    s.step('the same topic twice', () =>
      s.ask(createPartitions, 3, {
        topics: [
          { name: s.name('v6'), count: 4, assignments: null },
          { name: s.name('v6'), count: 5, assignments: null },
        ],
        timeoutMs: 5_000,
        validateOnly: false,
      }),
    )

    const remove = (names: readonly string[], version: number) =>
      s.ask(
        deleteTopics,
        version,
        version < 6 ? { topicNames: names, timeoutMs: 5_000 } : { topics: names.map(name => ({ name, topicId: NO_ID })), timeoutMs: 5_000 },
      )
    for (const version of [1, 2, 3, 4, 5, 6]) {
      s.step(`DeleteTopics ${version}`, async () => {
        const name = s.name(`deleted-${version}`)
        await s.newTopic(`deleted-${version}`)
        const answer = await remove([name], version)
        await untilGone(s, name)
        return answer
      })
    }
    s.step('an unknown topic', () => remove([s.name('unknown')], 6))
    s.step('an unknown topic, in version 1', () => remove([s.name('unknown')], 1))
    s.step('no topic to delete', () => remove([], 6))
    s.step('a topic by its id', async () => {
      const name = await s.newTopic('by-id')
      const {
        topics: [found],
      } = await s.must(metadata, 12, { topics: [{ name }], allowAutoTopicCreation: false })
      const answer = await s.ask(deleteTopics, 6, { topics: [{ name: null, topicId: found?.topicId ?? NO_ID }], timeoutMs: 5_000 })
      await untilGone(s, name)
      return answer
    })
    s.step('an unknown id', () => s.ask(deleteTopics, 6, { topics: [{ name: null, topicId: Buffer.alloc(16, 7) }], timeoutMs: 5_000 }))
    s.step('neither a name nor an id', () => s.ask(deleteTopics, 6, { topics: [{ name: null, topicId: NO_ID }], timeoutMs: 5_000 }))
    s.step('a name and an id', () =>
      s.ask(deleteTopics, 6, { topics: [{ name: s.name('v5'), topicId: Buffer.alloc(16, 7) }], timeoutMs: 5_000 }),
    )
    s.step('a deleted topic has no configurations', async () => {
      const answer = await s.must(describeConfigs, 4, {
        resources: [{ resourceType: TOPIC, resourceName: s.name('deleted-6'), configurationKeys: null }],
      })
      return answer.results
    })
    s.step('a topic that is created again is empty and has another id', async () => {
      const idOf = async () =>
        (await s.must(metadata, 12, { topics: [{ name: s.name('again') }], allowAutoTopicCreation: false })).topics[0]?.topicId.toString(
          'hex',
        )
      await s.newTopic('again')
      const before = await idOf()
      await remove([s.name('again')], 6)
      await untilGone(s, s.name('again'))
      await s.newTopic('again')
      return { isAnother: (await idOf()) !== before }
    })
  },
}

const NO_ID = Buffer.alloc(16)

function shortened(answer: Received<typeof createTopics> | typeof CLOSED): unknown {
  if (answer === CLOSED) return CLOSED
  return {
    ...answer,
    topics: answer.topics.map(topic => ({
      ...topic,
      configs: topic.configs?.filter(({ name }) => CONFIGS_LOOKED_AT.has(name)) ?? topic.configs,
    })),
  }
}

async function nodeId(s: Script): Promise<number> {
  return (await s.must(metadata, 1, { topics: [] })).brokers[0]?.nodeId ?? -1
}

async function topicErrors(s: Script, name: string): Promise<unknown> {
  return (await s.must(metadata, 5, { topics: [{ name }], allowAutoTopicCreation: false })).topics.map(({ errorCode }) => errorCode)
}

async function partitionCount(s: Script, name: string): Promise<unknown> {
  return (await s.must(metadata, 5, { topics: [{ name }], allowAutoTopicCreation: false })).topics.map(
    ({ partitions }) => partitions.length,
  )
}

async function untilGone(s: Script, name: string): Promise<void> {
  await until(
    `${name} is gone`,
    async () => (await s.must(metadata, 5, { topics: [{ name }], allowAutoTopicCreation: false })).topics[0]?.errorCode !== 0,
  )
}
