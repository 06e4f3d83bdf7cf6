import { once } from 'node:events'
import { connect, type ClientHttp2Session, type IncomingHttpHeaders, type IncomingHttpStatusHeader } from 'node:http2'
import { describe, expect, test } from 'vitest'
import { HTTP_VERSIONS, read } from '../../transport/event-stream-fixture.ts'
import { startHttpFixture } from '../http-fixture.ts'
import { FakeReader, statesOf } from './page-reader.ts'

const POLL = { timeout: 20_000 }
const HOUR_MS = 3_600_000
const pageStates = () => statesOf(new FakeReader())

describe('the paths of the live page', () => {
  test('answer its state as JSON that is not kept', async () => {
    await using fixture = await startHttpFixture({ pageStates: pageStates() })
    const answer = await fetch(`${fixture.url}/page/state`)
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('cache-control')]).toEqual([
      200,
      'application/json',
      'no-store',
    ])
    expect(await answer.json()).toMatchObject({ total: { count: '12', source: 'cache' } })
  })

  test.each(HTTP_VERSIONS)('stream its state over %s, and report the viewers', async version => {
    await using fixture = await startHttpFixture({ pageStates: pageStates() })
    const viewers = async () => /^ping_page_viewers (\d+)$/m.exec(await fixture.metrics.registry.metrics())?.[1]
    using viewer = await read(`${fixture.url}/page/events`, version)
    await expect.poll(viewer.text, POLL).toMatch(/^retry: 2000\n\nid: .*\nevent: state\ndata: \{.*\}\n\n/)
    expect(JSON.parse(/^data: (.*)$/m.exec(viewer.text())![1]!)).toMatchObject({ total: { count: '12' } })
    expect(await viewers()).toBe('1')
    viewer[Symbol.dispose]()
    await expect.poll(viewers, POLL).toBe('0')
  })

  test('serve 1 000 viewers with one look, and let the 1 001st poll', async () => {
    const reader = new FakeReader()
    let looks = 0
    reader.progress = async () => (looks++, reader.lanes)
    await using fixture = await startHttpFixture({ pageStates: statesOf(reader, { intervalMs: HOUR_MS, keptMs: HOUR_MS }) })
    const sessions = [connect(fixture.url), connect(fixture.url)]
    const open = async (session: ClientHttp2Session) => {
      const [headers] = await once(session.request({ ':path': '/page/events' }).resume(), 'response')
      return headers as IncomingHttpHeaders & IncomingHttpStatusHeader
    }
    const opened = await Promise.all(Array.from({ length: 1_000 }, (_, index) => open(sessions[index % 2]!)))
    expect(new Set(opened.map(headers => headers[':status']))).toEqual(new Set([200]))
    const refused = await fetch(`${fixture.url}/page/events`)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '30'])
    expect(await refused.text()).toBe('open streams of /page/events: got 1001, expected at most 1000\n')
    expect((await fetch(`${fixture.url}/page/state`)).status).toBe(200)
    const metrics = await fixture.metrics.registry.metrics()
    expect(metrics).toMatch(/^ping_page_viewers 1000$/m)
    expect(metrics).toMatch(/^ping_page_viewers_refused_total 1$/m)
    expect(looks).toBe(1)
    for (const session of sessions) session.destroy()
  })

  test('do not exist where the page is off', async () => {
    await using fixture = await startHttpFixture()
    const answers = await Promise.all(['/page/state', '/page/events'].map(path => fetch(`${fixture.url}${path}`)))
    expect(answers.map(({ status }) => status)).toEqual([404, 404])
  })
})
