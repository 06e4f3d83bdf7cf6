import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { startHttpFixture } from '../http-fixture.ts'
import { BROWSER } from './page-fixture.ts'
import { FakeReader, statesOf } from './page-reader.ts'

const pageStates = () => statesOf(new FakeReader())
const { accept } = BROWSER

describe('the live page of a server', () => {
  test('is what a browser gets, with its files', async () => {
    await using fixture = await startHttpFixture({ pageStates: pageStates() })
    const page = await fetch(fixture.url, { headers: { accept } })
    const html = await page.text()
    expect([page.status, page.headers.get('content-type'), page.headers.get('vary')]).toEqual([
      200,
      'text/html; charset=utf-8',
      'accept, accept-encoding',
    ])
    expect(html).toContain('<p id="total" class="total">12</p>')
    const paths = [...new Set([...html.matchAll(/"(\/page\/[^"]+\.(?:js|css))"/g)].map(match => match[1]!))]
    const files = await Promise.all(paths.map(path => fetch(`${fixture.url}${path}`)))
    expect(files.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    expect((await fetch(`${fixture.url}/favicon.ico`)).status).toBe(204)
  })

  test('gets its files while servers are replaced: another version of the server answers with its own, which caches do not keep', async () => {
    await using fixture = await startHttpFixture({ pageStates: pageStates() })
    const html = await (await fetch(fixture.url, { headers: { accept } })).text()
    const paths = [...new Set([...html.matchAll(/"(\/page\/[^"]+\.(?:js|css))"/g)].map(match => match[1]!))]
    for (const path of paths) {
      const [own, other] = await Promise.all([path, path.replace(/-\w{12}/, '-0ldVersion00')].map(name => fetch(`${fixture.url}${name}`)))
      expect(own!.headers.get('cache-control')).toContain('immutable')
      expect([other!.status, other!.headers.get('cache-control')]).toEqual([200, 'no-store'])
      expect(other!.headers.get('content-type')).toBe(own!.headers.get('content-type'))
      expect(await other!.text()).toBe(await own!.text())
    }
    const none = [
      '/page/',
      '/page/x',
      '/page/page.js',
      '/page/other-0ldVersion00.js',
      '/page/page-0ldVersion0.js',
      '/page/constructor-0ldVersion00.js',
    ]
    const answers = await Promise.all(none.map(path => fetch(`${fixture.url}${path}`)))
    expect(answers.map(({ status }) => status)).toEqual(none.map(() => 404))
  })

  test.each([['*/*'], ['application/json'], ['text/plain, text/html;q=0.5']])(
    'is not what a caller gets that accepts %s: it gets commands that work, and caches know the difference',
    async others => {
      await using fixture = await startHttpFixture({ pageStates: pageStates() })
      const answer = await fetch(fixture.url, { headers: { accept: others } })
      expect([answer.status, answer.headers.get('vary')]).toEqual([404, 'accept'])
      expect(await answer.text()).toContain('curl -H')
    },
  )

  test.each([
    ['page.example:8080', 'http://page.example:8080'],
    ['"><script>alert(1)</script>', undefined],
    ['$(reboot)', undefined],
  ])('gives a command with the host %j only if that is a plain one', async (host, shown) => {
    await using fixture = await startHttpFixture({ pageStates: pageStates() })
    const { port } = fixture
    const request = get({ host: '127.0.0.1', port, path: '/', headers: { accept, host } })
    const [answer] = (await once(request, 'response')) as [IncomingMessage]
    const html = await text(answer)
    expect(html).toContain(`${shown ?? `http://127.0.0.1:${port}`}/ping.v1.PingService/Ping<`)
    expect(html).not.toMatch(/alert\(1\)|reboot/)
  })

  test('does not exist where it is turned off', async () => {
    await using fixture = await startHttpFixture()
    const answer = await fetch(fixture.url, { headers: { accept } })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'text/plain; charset=utf-8'])
  })

  test('keeps what caches have to know of its origin', async () => {
    await using fixture = await startHttpFixture({ pageStates: pageStates(), allowedOrigins: ['https://page.example'] })
    const headers = { accept, origin: 'https://page.example' }
    expect((await fetch(fixture.url, { headers })).headers.get('vary')).toBe('origin, accept, accept-encoding')
    expect((await fetch(fixture.url, { headers: { ...headers, accept: '*/*' } })).headers.get('vary')).toBe('origin, accept')
  })
})
