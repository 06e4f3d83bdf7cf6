import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { badgePages } from '../../../src/server/badge/badge-pages.ts'
import type { Count, Range } from '../../../src/server/count-reader/count.ts'
import { UnavailableError } from '../../../src/transport/errors.ts'
import { can } from '../../support/tiers.ts'
import { startCallersFixture, tokenLine, type CallersFixture } from '../callers-fixture.ts'
import { startHttpFixture, type HttpFixture } from '../http-fixture.ts'
import { parseSvgs, type ParsedSvg } from './parse-svg.ts'

const MAX_COUNT = 2n ** 63n - 1n
const LABEL_OF_ALL = `<&>"' ]]> <script>alert(1)</script> &amp; é 日本 🏓 שלום`

let answer: Count | Error
let fixture: HttpFixture
beforeAll(async () => {
  const count = async (): Promise<Count> => {
    if (answer instanceof Error) throw answer
    return answer
  }
  fixture = await startHttpFixture({ count })
})
afterAll(() => fixture[Symbol.asyncDispose]())
beforeEach(() => {
  answer = { count: 1_234_567n, source: 'cache', ageMs: 12 }
  fixture.counted.length = 0
  fixture.strong.length = 0
})

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') => fetch(fixture.url + path, { method, headers })
const json = async (path: string): Promise<unknown> => (await get(path)).json()

describe('/badge.json', () => {
  test("has the schema of shields' endpoint badges, and all digits of the total", async () => {
    const response = await get('/badge.json')
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('max-age=1')
    expect(await response.json()).toEqual({ schemaVersion: 1, label: 'pings', message: '1,234,567', color: 'blue' })
    expect([fixture.counted, fixture.strong]).toEqual([['total'], [false]])
  })

  test('counts a range, with its own label', async () => {
    expect(await json('/badge.json?label=today&start=-5&end=9223372036854775807')).toMatchObject({ label: 'today' })
    expect(fixture.counted).toEqual([{ startMs: -5n, endMs: MAX_COUNT } satisfies Range])
  })

  test.each<[number, string]>([
    [10_000, '7'],
    [10_001, '7 (10 s ago)'],
    [119_999, '7 (119 s ago)'],
    [120_000, '7 (2 min ago)'],
    [7_199_999, '7 (119 min ago)'],
    [7_200_000, '7 (2 h ago)'],
    [172_800_000, '7 (2 d ago)'],
  ])('shows a count that is %i ms old as %s', async (ageMs, message) => {
    answer = { count: 7n, source: 'cache', ageMs }
    expect(await json('/badge.json')).toMatchObject({ message })
  })

  test('says so if no count can be proven, and is not stored', async () => {
    answer = new UnavailableError('neither the cache nor Postgres can prove a count')
    const response = await get('/badge.json?label=a')
    expect([response.status, response.headers.get('cache-control'), response.headers.get('etag')]).toEqual([200, 'no-store', null])
    expect(await response.json()).toEqual({ schemaVersion: 1, label: 'a', message: 'unavailable', color: 'lightgrey', isError: true })
  })
})

test('a badge says after 3 s that there is no count, before a proxy of images gives up', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const never = (): Promise<Count> => new Promise(() => undefined)
  const makePage = badgePages({ answered: 0n, total: never, range: never }).get('/badge.json')!
  const page = makePage({ origin: '', path: '/badge.json', query: new URLSearchParams(), header: () => undefined })
  await vi.advanceTimersByTimeAsync(3_000)
  expect(JSON.parse(String((await page)!.body))).toMatchObject({ message: 'unavailable', isError: true })
})

describe.runIf(can('python'))('/badge.svg', () => {
  const svg = async (path: string): Promise<string> => (await get(path)).text()
  const fits = ({ root, texts }: ParsedSvg): boolean =>
    texts.every(({ x, width }, index) => x > 0 && x + width < (texts[index + 1]?.x ?? Number(root['width'])))

  test('is well-formed XML for every number of digits, up to the largest count, and as wide as its texts', async () => {
    const counts = [...Array.from({ length: 19 }, (_, digits) => 10n ** BigInt(digits)), 0n, MAX_COUNT]
    const svgs: string[] = []
    for (const count of counts) {
      answer = { count, source: 'database', ageMs: 0 }
      svgs.push(await svg('/badge.svg'))
    }
    const parsed = parseSvgs(svgs)
    expect(parsed.map(({ texts }) => texts.map(({ text }) => text))).toEqual(counts.map(count => ['pings', count.toLocaleString('en-US')]))
    expect(parsed.at(-1)!.title).toBe('pings: 9,223,372,036,854,775,807')
    expect(parsed.filter(one => !fits(one))).toEqual([])
    const widths = parsed.slice(0, 19).map(({ root }) => Number(root['width']))
    expect(widths).toEqual(widths.toSorted((a, b) => a - b))
    expect(new Set(widths).size).toBe(widths.length)
  })

  test('escapes its label, whatever that contains', async () => {
    const [parsed] = parseSvgs([await svg(`/badge.svg?label=${encodeURIComponent(LABEL_OF_ALL)}`)])
    expect(parsed!.texts.map(({ text }) => text)).toEqual([LABEL_OF_ALL, '1,234,567'])
    expect(parsed!.title).toBe(`${LABEL_OF_ALL}: 1,234,567`)
    expect(parsed!.root['aria-label']).toBe(parsed!.title)
    expect(parsed!.elements).toEqual(['svg', 'title', 'rect', 'path', 'g', 'text', 'text'])
    expect(fits(parsed!)).toBe(true)
  })

  test('has no left side if the label is empty', async () => {
    const [parsed] = parseSvgs([await svg('/badge.svg?label=')])
    expect(parsed).toMatchObject({ title: '1,234,567', elements: ['svg', 'title', 'rect', 'g', 'text'] })
  })

  test('says so if no count can be proven, with a status that proxies of images show', async () => {
    answer = new UnavailableError('neither the cache nor Postgres can prove a count')
    const response = await get('/badge.svg')
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/svg+xml; charset=utf-8'])
    expect([response.headers.get('cache-control'), response.headers.get('etag')]).toEqual(['no-store', null])
    expect(parseSvgs([await response.text()])[0]!.title).toBe('pings: unavailable')
  })
})

describe.each(['/badge.svg', '/badge.json'])('%s', path => {
  test('answers 304 without a body as long as the badge stays the same', async () => {
    const etag = (await get(path)).headers.get('etag')!
    expect(etag).toMatch(/^"[\w-]+"$/)
    for (const known of [etag, `W/${etag}`, `"a", ${etag}`, '*']) {
      const response = await get(path, { 'if-none-match': known })
      expect([response.status, response.headers.get('etag'), response.headers.get('cache-control')]).toEqual([304, etag, 'max-age=1'])
      expect([response.headers.get('content-length'), await response.text()]).toEqual([null, ''])
    }
    for (const other of ['"a"', etag.slice(1, -1), '']) expect((await get(path, { 'if-none-match': other })).status).toBe(200)
    answer = { count: 1_234_568n, source: 'cache', ageMs: 12 }
    const changed = await get(path, { 'if-none-match': etag })
    expect([changed.status, changed.headers.get('etag') === etag]).toEqual([200, false])
  })

  test('answers HEAD with the headers of GET', async () => {
    const [head, whole] = await Promise.all([get(path, {}, 'HEAD'), get(path)])
    const headers = (response: Response) =>
      ['content-type', 'content-length', 'etag', 'cache-control'].map(name => response.headers.get(name))
    expect([head.status, headers(head), await head.text()]).toEqual([200, headers(whole), ''])
  })

  test('answers other methods with 405', async () => {
    const response = await get(path, {}, 'POST')
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  test.each([
    ['?start=1', 'query parameter end: got none, expected ms since the Unix epoch (any int64), because start is given'],
    ['?end=1', 'query parameter start: got none, expected ms since the Unix epoch (any int64), because end is given'],
    ['?start=2&end=1', 'query parameter start: got "2", expected at most end, which is 1'],
    ['?start=1.5&end=2', 'query parameter start: got "1.5", expected ms since the Unix epoch (any int64)'],
    ['?start=1&end=9223372036854775808', 'query parameter end: got "9223372036854775808", expected ms'],
    ['?start=&end=', 'query parameter start: got "", expected ms'],
    ['?label=a&label=b', 'query parameter label: got "a, b", expected it once'],
    ['?lable=a', 'query parameter "lable": got "a", expected no parameters other than label, start and end'],
    ['?label=a%00b', String.raw`query parameter label: got "a\u0000b", expected a text without control characters`],
    ['?label=%E2%80%AEsgnip', String.raw`query parameter label: got "\u202esgnip", expected a text without control characters`],
    ['?label=%EF%BF%BF', 'query parameter label: got '],
    [`?label=${'x'.repeat(101)}`, 'expected at most 100 characters'],
  ])('answers the query %s with 400 and what was expected', async (query, message) => {
    const response = await get(path + query)
    expect([response.status, response.headers.get('content-type')]).toEqual([400, 'text/plain; charset=utf-8'])
    expect(await response.text()).toContain(message)
    expect(fixture.counted).toEqual([])
  })

  test('shows nothing of an error that is a bug', async () => {
    answer = new Error('secret')
    await expect(get(path)).rejects.toThrow('fetch failed')
    expect(fixture.logged.at(-1)).toMatchObject({ level: 50, msg: 'could not create the page', path })
  })
})

describe('with tokens, a badge', () => {
  let guarded: CallersFixture
  beforeAll(async () => {
    guarded = await startCallersFixture({ tokens: tokenLine('reader', 'reader-1f2e', 'read') + tokenLine('writer', 'writer-3d4c', 'ping') })
  })
  afterAll(() => guarded[Symbol.asyncDispose]())

  test.each<[string | undefined, number]>([
    ['reader-1f2e', 200],
    ['writer-3d4c', 403],
    [undefined, 401],
  ])('is answered to the token %s with %i: it needs the role read', async (token, status) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    for (const path of ['/badge.svg', '/badge.json']) expect((await fetch(guarded.url + path, { headers })).status).toBe(status)
  })
})
