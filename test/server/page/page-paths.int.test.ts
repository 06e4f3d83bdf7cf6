import { describe, expect, test } from 'vitest'
import { HTTP_VERSIONS, read } from '../../transport/event-stream-fixture.ts'
import { startHttpFixture } from '../http-fixture.ts'
import { FakeReader, statesOf } from './page-reader.ts'

const POLL = { timeout: 20_000 }
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

  test('do not exist where the page is off', async () => {
    await using fixture = await startHttpFixture()
    const answers = await Promise.all(['/page/state', '/page/events'].map(path => fetch(`${fixture.url}${path}`)))
    expect(answers.map(({ status }) => status)).toEqual([404, 404])
  })
})
