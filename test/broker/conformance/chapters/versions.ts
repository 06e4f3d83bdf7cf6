import { APIS } from '../../../../broker/wire/apis.ts'
import { apiVersions, describeCluster, fetch, metadata } from '../../../../broker/wire/tables/index.ts'
import { CLOSED } from '../raw-connection.ts'
import type { Script } from '../script.ts'

const NAMED = { clientSoftwareName: 'conformance', clientSoftwareVersion: '1.0' }
const NO_SUCH_API = 30_000

export const versions = {
  title: 'versions and the cluster',
  steps: (s: Script) => {
    s.step('the supported APIs', async () => offered((await s.must(apiVersions, 0, NAMED)).apiKeys))
    for (const version of [0, 1, 2, 3, 4]) {
      s.step(`ApiVersions ${version} besides this list`, async () => {
        const { apiKeys: _, finalizedFeaturesEpoch: __, ...rest } = await s.must(apiVersions, version, NAMED)
        return rest
      })
    }
    s.step('ApiVersions of too high a version is answered in version 0', async () => {
      const answer = await s.ask({ ...apiVersions, flexibleFrom: 3 }, 99, NAMED, 0)
      return answer === CLOSED ? CLOSED : { ...answer, apiKeys: answer.apiKeys.filter(({ apiKey }) => apiKey === apiVersions.key) }
    })
    for (const [what, name] of [
      ['empty', ''],
      ['with a space', 'two words'],
      ['that begins with a dash', '-dash'],
      ['that ends with a dot', 'dot.'],
    ] as const) {
      s.step(`ApiVersions refuses a software name ${what}`, () => s.ask(apiVersions, 3, { ...NAMED, clientSoftwareName: name }))
    }
    s.step('ApiVersions refuses an empty software version', () => s.ask(apiVersions, 3, { ...NAMED, clientSoftwareVersion: '' }))
    s.step('an unknown API closes the connection', () => answerTo(s, { key: NO_SUCH_API, version: 0, isFlexible: false }))
    s.step('too high a version closes the connection', () => answerTo(s, { key: metadata.key, version: 99, isFlexible: true }))
    s.step('Fetch below version 4 closes the connection', () => answerTo(s, { key: fetch.key, version: 3, isFlexible: false }))
    s.step('bytes that are not a request of this API close the connection', () =>
      answerTo(s, { key: metadata.key, version: 1, isFlexible: false }, Buffer.from([0, 0, 0, 9])),
    )
    s.step('bytes after a request are ignored: librdkafka sends some', async () => {
      const connection = await s.connect()
      const noTopics = Buffer.from([1, 0, 0, 0])
      connection.sendBody({ key: metadata.key, version: 12, isFlexible: true }, Buffer.concat([noTopics, Buffer.alloc(3)]))
      return (await connection.frame()) ? 'an answer' : CLOSED
    })
    s.step('a negative length closes the connection', async () => {
      const connection = await s.connect()
      connection.sendFrame(Buffer.alloc(0), -1)
      return (await connection.frame()) ?? CLOSED
    })
    s.step('an absurd length closes the connection', async () => {
      const connection = await s.connect()
      connection.sendFrame(Buffer.from('GET / HTTP/1.1'), 0x4745_5420)
      return (await connection.frame()) ?? CLOSED
    })
    s.step('answers come in the order of the requests', async () => {
      const connection = await s.connect()
      const sent = [
        connection.send(metadata, 1, { topics: [] }),
        connection.send(apiVersions, 0, {}),
        connection.send(metadata, 1, { topics: [] }),
      ]
      const got = [await connection.frame(), await connection.frame(), await connection.frame()].map(frame => frame?.readInt32BE(0))
      return got.map(id => sent.indexOf(id ?? 0))
    })
    for (const version of [0, 1]) {
      s.step(`DescribeCluster ${version}`, () => s.ask(describeCluster, version, { includeClusterAuthorizedOperations: false }))
    }
    s.step('DescribeCluster returns the authorised operations on request', () =>
      s.ask(describeCluster, 0, { includeClusterAuthorizedOperations: true }),
    )
    s.step('DescribeCluster of controllers at a broker', () =>
      s.ask(describeCluster, 1, { includeClusterAuthorizedOperations: false, endpointType: 2 }),
    )
  },
}

/** By name, where this broker has a name for it, else by number: clients look at nothing else. */
function offered(keys: readonly { apiKey: number; minVersion: number; maxVersion: number }[]): Record<string, string> {
  const nameOf = (key: number) => APIS.find(api => api.key === key)?.name ?? `key ${key}`
  return Object.fromEntries(
    keys
      .toSorted((a, b) => a.apiKey - b.apiKey)
      .map(({ apiKey, minVersion, maxVersion }) => [nameOf(apiKey), `${minVersion} to ${maxVersion}`]),
  )
}

async function answerTo(
  s: Script,
  header: { key: number; version: number; isFlexible: boolean },
  body = Buffer.alloc(0),
): Promise<unknown> {
  const connection = await s.connect()
  connection.sendBody(header, body)
  return (await connection.frame()) ?? CLOSED
}
