import { alterConfigs, describeConfigs, incrementalAlterConfigs } from '../../../../broker/wire/tables/index.ts'
import { until } from '../../../support/programs.ts'
import type { Sent } from '../raw-connection.ts'
import type { Script } from '../script.ts'

const TOPIC = 2
const BROKER = 4
const BROKER_LOGGER = 8
const UNKNOWN_TYPE = 99
const OPERATION = { set: 0, delete: 1, append: 2, subtract: 3, unknown: 9 } as const

type Change = { name: string; configOperation: number; value: string | null }

export const configurations = {
  title: 'configurations',
  steps: (s: Script) => {
    let topic: string
    const describe = (
      keys: readonly string[] | null,
      { version = 4, type = TOPIC, name = topic, includeSynonyms = false, includeDocumentation = false } = {},
    ) =>
      s.ask(describeConfigs, version, {
        resources: [{ resourceType: type, resourceName: name, configurationKeys: keys }],
        includeSynonyms,
        includeDocumentation,
      })
    const change = (configs: readonly Change[], { version = 1, type = TOPIC, name = topic, validateOnly = false } = {}) =>
      s.ask(incrementalAlterConfigs, version, { resources: [{ resourceType: type, resourceName: name, configs }], validateOnly })
    const replace = (configs: Readonly<Record<string, string | null>>, { version = 2, name = topic, validateOnly = false } = {}) =>
      s.ask(alterConfigs, version, {
        resources: [
          { resourceType: TOPIC, resourceName: name, configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })) },
        ],
        validateOnly,
      })
    /** A change is seen a moment after it is answered. */
    const untilValue = async (key: string, value: string, name = topic) => {
      const request: Sent<typeof describeConfigs> = { resources: [{ resourceType: TOPIC, resourceName: name, configurationKeys: [key] }] }
      await until(`${key} is ${value}`, async () => (await s.must(describeConfigs, 4, request)).results[0]?.configs[0]?.value === value)
    }

    s.step('a topic with its own retention', async () => {
      topic = await s.newTopic('topic', 1, { 'retention.ms': '60000' })
      await untilValue('retention.ms', '60000')
      return 'made'
    })
    for (const version of [1, 2, 3, 4])
      s.step(`DescribeConfigs ${version} of a topic`, () => describe(['retention.ms', 'cleanup.policy', 'segment.bytes'], { version }))
    s.step('with synonyms', () => describe(['retention.ms', 'segment.bytes'], { includeSynonyms: true }))
    s.step('with documentation', () => describe(['retention.ms'], { includeDocumentation: true }))
    s.step('all supported ones have the same default', () =>
      describe(['max.message.bytes', 'message.timestamp.type', 'retention.bytes', 'segment.ms', 'index.interval.bytes']),
    )
    for (const [what, configurationKeys] of [
      ['null', null],
      ['an empty list', []],
    ] as const) {
      s.step(`all of them for ${what}`, async () => {
        const { results } = await s.must(describeConfigs, 4, {
          resources: [{ resourceType: TOPIC, resourceName: topic, configurationKeys }],
        })
        return results.map(({ configs }) =>
          configs
            .filter(({ name }) => name === 'retention.ms' || name === 'max.message.bytes')
            .map(({ name }) => name)
            .toSorted(),
        )
      })
    }
    s.step('an unknown name among them', () => describe(['no.such.key', 'retention.ms']))
    s.step('of an unknown topic', () => describe(['retention.ms'], { name: s.name('unknown') }))
    s.step('of an invalid topic name', () => describe(['retention.ms'], { name: 'with space' }))
    s.step('of an empty topic name', () => describe(['retention.ms'], { name: '' }))
    s.step('of a type that does not exist', () => describe(null, { type: UNKNOWN_TYPE, name: 'x' }))
    s.step('of a broker that is not this one', () => describe(['num.partitions'], { type: BROKER, name: '99' }))
    s.step('of a broker whose name is not a number', () => describe(['num.partitions'], { type: BROKER, name: 'one' }))
    s.step('of the broker', () =>
      describe(['num.partitions', 'message.max.bytes', 'auto.create.topics.enable'], { type: BROKER, name: '1' }),
    )
    s.step('of the broker, with synonyms', () => describe(['num.partitions'], { type: BROKER, name: '1', includeSynonyms: true }))
    s.step('of the loggers of the broker', async () => {
      const { results } = await s.must(describeConfigs, 4, {
        resources: [{ resourceType: BROKER_LOGGER, resourceName: '99', configurationKeys: null }],
      })
      return results
    })

    for (const version of [0, 1]) {
      s.step(`IncrementalAlterConfigs ${version}`, async () => {
        const answer = await change([{ name: 'retention.ms', configOperation: OPERATION.set, value: `${version + 1}000` }], { version })
        await untilValue('retention.ms', `${version + 1}000`)
        return answer
      })
    }
    s.step('deleting one restores the default', async () => {
      const answer = await change([{ name: 'retention.ms', configOperation: OPERATION.delete, value: null }])
      await untilValue('retention.ms', '604800000')
      return [answer, await describe(['retention.ms'])]
    })
    s.step('appending to a list', async () => {
      const answer = await change([{ name: 'cleanup.policy', configOperation: OPERATION.append, value: 'compact' }])
      await untilValue('cleanup.policy', 'delete,compact')
      return answer
    })
    s.step('subtracting from a list', async () => {
      const answer = await change([{ name: 'cleanup.policy', configOperation: OPERATION.subtract, value: 'compact' }])
      await untilValue('cleanup.policy', 'delete')
      return answer
    })
    s.step('appending to a value that is not a list', () =>
      change([{ name: 'retention.ms', configOperation: OPERATION.append, value: '5' }]),
    )
    s.step('an operation that does not exist', () => change([{ name: 'retention.ms', configOperation: OPERATION.unknown, value: '5' }]))
    s.step('the same name twice', () =>
      change([
        { name: 'retention.ms', configOperation: OPERATION.set, value: '5' },
        { name: 'retention.ms', configOperation: OPERATION.set, value: '6' },
      ]),
    )
    s.step('setting null', () => change([{ name: 'retention.ms', configOperation: OPERATION.set, value: null }]))
    s.step('an unknown name', () => change([{ name: 'no.such.key', configOperation: OPERATION.set, value: '5' }]))
    s.step('a value that is not a number', () => change([{ name: 'retention.ms', configOperation: OPERATION.set, value: 'soon' }]))
    s.step('an unknown topic', () =>
      change([{ name: 'retention.ms', configOperation: OPERATION.set, value: '5' }], { name: s.name('unknown') }),
    )
    s.step('a type that does not exist', () =>
      change([{ name: 'x', configOperation: OPERATION.set, value: '5' }], { type: UNKNOWN_TYPE, name: 'x' }),
    )
    s.step('nothing is changed if one is invalid', async () => [
      await change([
        { name: 'retention.ms', configOperation: OPERATION.set, value: '7' },
        { name: 'no.such.key', configOperation: OPERATION.set, value: '5' },
      ]),
      await describe(['retention.ms']),
    ])
    s.step('a change with validate_only', async () => [
      await change([{ name: 'retention.ms', configOperation: OPERATION.set, value: '7' }], { validateOnly: true }),
      await describe(['retention.ms']),
    ])
    s.step('the same resource twice', () => {
      const configs = [{ name: 'retention.ms', configOperation: OPERATION.set, value: '5' }]
      return s.ask(incrementalAlterConfigs, 1, {
        resources: [
          { resourceType: TOPIC, resourceName: topic, configs },
          { resourceType: TOPIC, resourceName: topic, configs },
        ],
        validateOnly: false,
      })
    })

    for (const version of [0, 1, 2]) {
      s.step(`AlterConfigs ${version} replaces all`, async () => {
        const key = `segment.${version === 1 ? 'ms' : 'bytes'}`
        const answer = await replace({ [key]: `${20_000_000 + version}` }, { version })
        await untilValue(key, `${20_000_000 + version}`)
        return [answer, await describe(['segment.bytes', 'segment.ms', 'retention.ms'])]
      })
    }
    s.step('AlterConfigs with an unknown name', () => replace({ 'no.such.key': '5' }))
    s.step('AlterConfigs with null', () => replace({ 'retention.ms': null }))
    s.step('AlterConfigs of an unknown topic', () => replace({ 'retention.ms': '5' }, { name: s.name('unknown') }))
    s.step('AlterConfigs with validate_only', async () => [
      await replace({ 'retention.ms': '5' }, { validateOnly: true }),
      await describe(['retention.ms']),
    ])
    s.step('AlterConfigs without configurations restores all defaults', async () => {
      const answer = await replace({})
      await untilValue('segment.bytes', '1073741824')
      return answer
    })
  },
}
