import { setTimeout as wait } from 'node:timers/promises'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { PingBuckets } from '../../../src/server/buckets/buckets.ts'
import { bucketStarts } from '../../../src/server/buckets/calendar.ts'
import { pageMakers } from '../../../src/server/page/html/page-makers.ts'
import { BROWSER, requestOf, stateOf } from './page-fixture.ts'

const MAX_BYTES = 40_000
const MAX_FILES = 5
/** Each bucket has as many pings as its number. */
const buckets: PingBuckets = {
  async list({ range, unit, timeZone }) {
    const starts = bucketStarts(range, unit, timeZone)
    return { buckets: starts.map((startMs, index) => ({ startMs: BigInt(startMs), count: BigInt(index) })), source: 'cache', ageMs: 1 }
  },
}
const never = new Promise<never>(() => undefined)
const makersOf = (options: Partial<Parameters<typeof pageMakers>[0]> = {}) =>
  pageMakers({ states: { now: async () => stateOf() }, buckets, ...options }).pages

async function htmlOf(options: Parameters<typeof makersOf>[0] = {}, query = '', headers: Record<string, string> = {}): Promise<string> {
  const page = await makersOf(options).get('/')!(requestOf({ ...BROWSER, 'accept-encoding': '', ...headers }, query))
  return String(page!.body)
}

describe('the live page as the server renders it', () => {
  test('has the numbers, the minutes and the days without a script', async () => {
    const html = await htmlOf()
    expect(html).toContain('<p id="total" class="total">1,234,567</p>')
    expect(html).toContain('<dd id="proven">21:04:04</dd>')
    expect(html).toContain('every ping that was acknowledged before 21:04:04'.replace('every', 'Every'))
    const [, minutes = ''] = /<tbody id="minutes">(.*?)<\/tbody>/s.exec(html) ?? []
    expect(minutes.match(/<tr>/g)).toHaveLength(24)
    expect(minutes.match(/<td /g)).toHaveLength(24 * 60)
    expect(minutes.match(/tabindex="0"/g)).toHaveLength(1)
    const [, days = ''] = /<tbody id="days">(.*?)<\/tbody>/s.exec(html) ?? []
    expect(days.match(/<tr>/g)).toHaveLength(30)
    expect(days).toContain('<th scope="row">Today</th>')
    expect(html).toMatch(/<noscript>[\s\S]*curl [\s\S]* http:\/\/127\.0\.0\.1:8080\/ping\.v1\.PingService\/Ping/)
  })

  test('says which part is down in words, and escapes what a part says', async () => {
    const html = await htmlOf()
    expect(html).toContain('<b>Kafka</b> <span class="word">down</span><p>Kafka does not &#60;answer&#62;.</p>')
    expect(html).not.toContain('<answer>')
  })

  test('shows by how much the positions of a lane lag', async () => {
    const html = await htmlOf()
    expect(html).toContain('<td>1,233,990 <small>lags by 10</small></td><td>1.5 s</td>')
    expect(html).toContain('<td>560 <small>lags by 7</small></td><td>–</td><td>–</td>')
  })

  test('shows times in the zone of the query', async () => {
    const html = await htmlOf({}, 'zone=Asia/Kathmandu')
    expect(html).toContain('<dd id="proven">02:49:04</dd>')
    expect(html).toContain('data-zone="Asia/Kathmandu"')
  })

  test('explains a zone that does not exist, and escapes it', async () => {
    const html = await htmlOf({}, 'zone=%3Cscript%3E')
    expect(html).toContain('zone: got &#60;script&#62;, expected the name of a time zone, such as Europe/Berlin. Times are in UTC.')
    expect(html).toContain('data-zone="UTC"')
  })

  test('does not wait for parts that do not answer, and says what is not known', async () => {
    const html = await htmlOf({ states: { now: () => never }, buckets: { list: () => never }, waitMs: 20 })
    expect(html).toContain('<p id="total" class="total">–</p>')
    expect(html).toContain('Not known now: neither a fresh cache nor Postgres has answered.')
  })

  test('never shows an older state, whose total might be lower than one that was answered', async () => {
    let total = 1n
    let isSlow = false
    const now = async () => {
      const state = stateOf({ total: { count: total, source: 'cache', ageMs: 1 } })
      return isSlow ? wait(300, state) : state
    }
    const makers = makersOf({ states: { now }, waitMs: 50_000 })
    const ask = async () => String((await makers.get('/')!(requestOf({ ...BROWSER, 'accept-encoding': '' })))!.body)
    await ask()
    ;[total, isSlow] = [2n, true]
    expect(await ask()).toContain('<p id="total" class="total">2</p>')
  })

  test('is made once for all who ask for the same while the state is the same', async () => {
    let state = stateOf()
    let asked = 0
    const list: PingBuckets['list'] = question => (asked++, buckets.list(question))
    const makers = makersOf({ states: { now: async () => state }, buckets: { list } })
    const ask = (query = '', headers = {}) => makers.get('/')!(requestOf({ ...BROWSER, ...headers }, query))
    const [first, ...others] = await Promise.all(Array.from({ length: 20 }, () => ask()))
    expect(others.every(page => page === first)).toBe(true)
    expect(asked).toBe(2) // minutes and days
    const [zone, coding] = [await ask('zone=Asia/Kathmandu'), await ask('', { 'accept-encoding': 'gzip' })]
    expect([zone, coding].includes(first)).toBe(false)
    expect(coding!.headers).toMatchObject({ 'content-encoding': 'gzip' })
    state = stateOf({ total: { count: 9n, source: 'cache', ageMs: 1 } })
    expect(brotliDecompressSync((await ask())!.body as Uint8Array).toString()).toContain('<p id="total" class="total">9</p>')
  })

  test('can be made before the first viewer comes, from real numbers', async () => {
    const units: string[] = []
    const list: PingBuckets['list'] = question => (units.push(question.unit), buckets.list(question))
    await pageMakers({ states: { now: async () => stateOf() }, buckets: { list } }).warm()
    expect(units).toEqual(['minute', 'day'])
  })

  test('has no style and no script of its own, and loads nothing from other hosts', async () => {
    const html = await htmlOf()
    expect(html).not.toMatch(/ style=|<style| on\w+=|javascript:/)
    expect([...html.matchAll(/<script[^>]*>([^<]*)</g)].map(match => match[1])).toEqual([''])
    expect([...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(match => match[1])).toEqual(
      expect.arrayContaining([expect.stringMatching(/^\/page\/page-[\w-]{12}\.css$/)]),
    )
    expect([...html.matchAll(/(?:src|href)="([^"]*)"/g)].every(match => match[1]!.startsWith('/page/'))).toBe(true)
  })

  test('is not for callers that do not prefer HTML', async () => {
    expect(await makersOf().get('/')!(requestOf({ accept: '*/*' }))).toBeUndefined()
  })

  test('forbids everything that it does not need, and may be revalidated', async () => {
    const page = await makersOf().get('/')!(requestOf())
    expect(page!.headers).toMatchObject({
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-cache',
      vary: 'accept, accept-encoding',
      etag: expect.stringMatching(/^W\/"[\w-]{16}"$/),
    })
  })
})

describe('the files of the live page', () => {
  test(`are at most ${MAX_FILES}, and with the page at most ${MAX_BYTES} bytes`, async () => {
    const makers = makersOf()
    const pages = [...makers.keys()].filter(path => path !== '/favicon.ico')
    expect(pages.length - 1).toBeLessThanOrEqual(MAX_FILES)
    for (const coding of ['br', 'gzip']) {
      const sizes = await Promise.all(
        pages.map(async path => (await makers.get(path)!(requestOf({ ...BROWSER, 'accept-encoding': coding })))!.body.length),
      )
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(MAX_BYTES)
    }
  })

  test('are the same in every coding, and may be cached permanently under their names', async () => {
    const makers = makersOf()
    for (const [path, maker] of makers) {
      if (!path.startsWith('/page/')) continue
      const [plain, br, gz] = await Promise.all(
        ['identity', 'br', 'gzip'].map(async coding => (await maker(requestOf({ ...BROWSER, 'accept-encoding': coding })))!),
      )
      expect(brotliDecompressSync(br!.body as Uint8Array).equals(plain!.body as Uint8Array)).toBe(true)
      expect(gunzipSync(gz!.body as Uint8Array).equals(plain!.body as Uint8Array)).toBe(true)
      expect(br!.headers).toMatchObject({ 'content-encoding': 'br', vary: 'accept-encoding' })
      expect(plain!.headers).not.toHaveProperty('content-encoding')
      expect(plain!.headers).toMatchObject({ 'cache-control': 'public, max-age=31536000, immutable', 'x-content-type-options': 'nosniff' })
    }
  })

  test('import only files that exist', async () => {
    const makers = makersOf()
    const scripts = [...makers.keys()].filter(path => path.endsWith('.js'))
    let imports = 0
    for (const path of scripts) {
      const text = String((await makers.get(path)!(requestOf({ ...BROWSER, 'accept-encoding': '' })))!.body)
      for (const [, name] of text.matchAll(/from '\.\/([^']+)'/g)) {
        imports++
        expect(makers.has(`/page/${name}`)).toBe(true)
      }
    }
    expect(imports).toBeGreaterThan(3)
  })
})
