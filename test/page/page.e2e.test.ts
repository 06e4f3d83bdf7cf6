import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { wait } from '../../src/runtime/wait.ts'
import { againUntil } from '../support/again-until.ts'
import { PingCaller } from '../support/call-ping.ts'
import { withDatabase } from '../support/checker.ts'
import { startChromium } from '../support/chromium.ts'
import { firstOrAll, thoroughly } from '../support/depth.ts'
import { shellEnvironment } from '../support/printed-lines.ts'
import { keepLogsOnFailure } from '../support/programs.ts'
import { can } from '../support/tiers.ts'
import { startPing, type WholePing } from '../support/whole-ping.ts'
import { axeFindings, NARROW, openPage, openTab, untilLive, WIDE, type OpenPage } from './open-page.ts'
import { seedPings } from './seed-pings.ts'

keepLogsOnFailure()

const run = promisify(execFile)

/** What is aimed at on one machine. One that is busy with something else may be BUSY_MACHINE times slower. */
const FIRST_NUMBER_MS = 100
const BUSY_MACHINE = 50
const HOUR_MS = 3_600_000
const MARGIN_MS = 30_000
/** The page asks for minutes again after up to 16 s, once it has two states with the same total. */
const SEVERAL_ASKS = { timeout: 60_000 }

/** Where the picture of README.md is kept, by `npm run docs:page`. */
const PICTURE = process.env['PAGE_PICTURE']
const PICTURE_SIZE = { width: 1_160, height: 900 }

/** With a new hour, the heatmap gets another first row. */
async function untilYoungHour(): Promise<void> {
  const leftMs = HOUR_MS - (Date.now() % HOUR_MS)
  if (leftMs < MARGIN_MS) await wait(leftMs)
}

describe.runIf(can('chromium'))('the live page in Chromium', { timeout: 240_000 }, () => {
  const caller = new PingCaller()
  let ping: WholePing
  let browser: Browser
  let url: string
  /** Those that a test has opened. */
  let open: OpenPage[] = []

  const opened = async (...args: Parameters<typeof openPage> extends [Browser, string, ...infer Rest] ? Rest : never) => {
    const page = await openPage(browser, url, ...args)
    open.push(page)
    return page
  }
  const sendElsewhere = async () => expect(await caller.call(url, 'Ping', {}, 5_000)).toMatchObject({ status: 200 })
  const recorded = () =>
    withDatabase(ping.place.databaseUrl, async client => Number((await client.query('select count(*) from pings')).rows[0].count))
  const shownTotal = async ({ text }: OpenPage) => Number((await text('total')).replaceAll(',', ''))
  const numberOf = (text: string) => Number(text.replace(/\D/g, ''))
  /** Pings of today, and of the hours of the heatmap, as the page shows them. */
  const shownDayAndMinutes = async ({ page, text }: OpenPage) => {
    const cells = await page.locator('#minutes td').allTextContents()
    return [numberOf(await text('today')), cells.reduce((sum, cell) => sum + numberOf(cell), 0)]
  }
  const recordedDayAndMinutes = () =>
    withDatabase(ping.place.databaseUrl, async client => {
      const { rows } = await client.query(
        `select count(*) filter (where pinged_at >= date_trunc('day', now(), 'Europe/Berlin'))::int as today,
          count(*) filter (where pinged_at >= date_trunc('hour', now()) - interval '23 hours')::int as hours from pings`,
      )
      return [rows[0].today, rows[0].hours]
    })
  const untilDayAndMinutesAreRight = (view: OpenPage) =>
    expect
      .poll(async () => {
        const [shown, inDatabase] = await Promise.all([shownDayAndMinutes(view), recordedDayAndMinutes()])
        return shown.map((number, index) => number - inDatabase[index]!)
      }, SEVERAL_ASKS)
      .toEqual([0, 0])
  /** Also resolves with it: what was recorded. */
  const untilTotalIsRight = async (view: OpenPage) => {
    const total = await recorded()
    await expect.poll(() => shownTotal(view)).toBe(total)
    return total
  }
  const viewers = () => ping.servers[0]!.metric('ping_page_viewers')

  beforeAll(async () => {
    const starting = startChromium().then(started => (browser = started)) // also closed if Ping does not start
    ping = await startPing().finally(() => starting)
    await starting
    url = ping.servers[0]!.url
    await seedPings(url)
  })
  afterEach(async () => {
    await Promise.all(open.map(page => page.close()))
    open = []
  })
  afterAll(async () => {
    caller.close()
    await browser?.close()
    await ping?.stop()
  })

  test('shows a ping that its button sends, in the total, the day and the minute', async () => {
    const view = await opened()
    await untilLive(view)
    const before = await recorded()
    await expect.poll(() => shownTotal(view)).toBe(before)
    await untilDayAndMinutesAreRight(view)
    await view.page.getByRole('button', { name: 'Send a ping' }).click()
    await expect.poll(() => view.text('sent')).toMatch(/^Recorded in \d+ ms\.$/)
    expect(await recorded()).toBe(before + 1)
    await expect.poll(() => shownTotal(view)).toBe(before + 1)
    await untilDayAndMinutesAreRight(view)
    expect(view.errors).toEqual([])
  })

  // At both depths "has one stream for two tabs", which shows such pings too.
  thoroughly(test)('shows pings of other clients without being loaded again', async () => {
    const view = await opened()
    await untilLive(view)
    const before = await untilTotalIsRight(view)
    await sendElsewhere()
    await expect.poll(() => shownTotal(view)).toBe(before + 1)
    expect(view.errors).toEqual([])
  })

  test('shows times of the viewer, each lane, each part, and when all was proven complete', async () => {
    const view = await opened()
    await untilLive(view)
    await expect.poll(() => view.text('zone')).toBe('Europe/Berlin')
    await expect.poll(() => view.text('proven')).toMatch(/^\d\d:\d\d:\d\d$/)
    await expect.poll(() => view.text('rate')).toMatch(/^[\d.]+$/)
    const lanes = view.page.locator('#lanes tr')
    await expect.poll(() => lanes.count()).toBe(16)
    const heads = async () => {
      const texts = await view.page.locator('#lanes td:nth-child(2)').allTextContents()
      return texts.reduce((sum, head) => sum + Number(head.replaceAll(',', '')), 0)
    }
    await expect.poll(heads).toBe(await recorded())
    const words = () => view.page.locator('#parts .word').allTextContents()
    await expect.poll(words).toEqual(['up', 'up', 'up', 'up'])
    expect(view.errors).toEqual([])
  })

  test('lets the keyboard go through every minute, and says what each is', async () => {
    await untilYoungHour()
    const view = await opened()
    await untilLive(view)
    const { page } = view
    const focused = () => page.evaluate<string>(`document.activeElement.closest('tr').rowIndex + ' ' + document.activeElement.cellIndex`)
    await page.locator('#heatmap[role=grid]').waitFor()
    await expect.poll(() => page.locator('#minutes td').count()).toBe(1_440)
    expect(await page.locator('#minutes [tabindex]').count()).toBe(1)
    await page.getByRole('button', { name: 'Send a ping' }).focus()
    await page.keyboard.press('Tab')
    expect(await focused()).toMatch(/^24 /)
    await page.keyboard.press('Control+Home')
    expect(await focused()).toBe('1 1')
    const steps = {
      ArrowRight: '1 2',
      ArrowDown: '2 2',
      End: '2 60',
      PageDown: '8 60',
      ArrowLeft: '8 59',
      PageUp: '2 59',
      ArrowUp: '1 59',
      Home: '1 1',
    }
    for (const [key, expected] of Object.entries(steps)) {
      await page.keyboard.press(key)
      expect([key, await focused()]).toEqual([key, expected])
    }
    const hour = await page.locator('#minutes tr:first-child th').textContent()
    const pings = await page.locator('#minutes tr:first-child td').first().textContent()
    expect(await view.text('cell')).toMatch(new RegExp(`^\\w{3} \\d+ \\w+, ${hour}: ${pings} pings?$`))
    await page.keyboard.press('Tab')
    expect(await page.evaluate<boolean>(`document.getElementById('minutes').contains(document.activeElement)`)).toBe(false)
    await page.keyboard.press('Shift+Tab')
    expect(await focused()).toBe('1 1')
    expect(view.errors).toEqual([])
  })

  test.each(firstOrAll(['light', 'dark'] as const))(
    'is accessible in the %s scheme: axe finds nothing, nor does a narrow screen scroll',
    async colorScheme => {
      const view = await opened({ colorScheme })
      await untilLive(view)
      await expect.poll(() => view.page.locator('#lanes tr').count()).toBe(16)
      for (const size of [WIDE, NARROW]) {
        await view.page.setViewportSize(size)
        expect(await axeFindings(view.page)).toEqual([])
        expect(await view.page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
      }
      expect(view.errors).toEqual([])
      if (PICTURE === undefined || colorScheme === 'dark') return
      const picture = await opened({ viewport: PICTURE_SIZE, deviceScaleFactor: 0.8 })
      await untilLive(picture)
      await expect.poll(() => picture.page.locator('#lanes tr').count()).toBe(16)
      await expect.poll(() => picture.page.locator('#minutes td').count()).toBe(1_440)
      await picture.page.screenshot({ path: PICTURE, fullPage: true })
    },
  )

  test.each(firstOrAll(['light', 'dark'] as const))(
    'shows five classes of minutes that differ in colour and in size in the %s scheme',
    async colorScheme => {
      const view = await opened({ colorScheme })
      await untilLive(view)
      const looks = await view.page.evaluate<string[][]>(
        `(cell => ['l0', 'l1', 'l2', 'l3', 'l4'].map(name => {
          cell.className = name
          const { backgroundImage, backgroundColor, backgroundSize } = getComputedStyle(cell)
          return [backgroundImage + backgroundColor, backgroundSize]
        }))(document.querySelector('#minutes td'))`,
      )
      expect(new Set(looks.map(([colour]) => colour)).size).toBe(5)
      expect(new Set(looks.map(([, size]) => size)).size).toBe(5)
    },
  )

  test('speaks to screen readers once in ten seconds at most', async () => {
    const view = await opened()
    const { page } = view
    await page.clock.install()
    await page.reload()
    await page.evaluate(
      `window.spoken = []; new MutationObserver(() => spoken.push(performance.now())).observe(document.getElementById('spoken'), { childList: true })`,
    )
    await untilLive(view)
    const says = async (total: number) => {
      await page.clock.fastForward(10_000)
      await expect.poll(() => view.text('spoken')).toMatch(new RegExp(`^${total.toLocaleString('en')} pings, `))
    }
    const before = await recorded()
    await says(before)
    await sendElsewhere()
    await expect.poll(() => shownTotal(view)).toBe(before + 1)
    await says(before + 1)
    const times = await page.evaluate<number[]>('spoken')
    expect(times.length).toBeGreaterThanOrEqual(2)
    expect(Math.min(...times.slice(1).map((time, index) => time - times[index]!))).toBeGreaterThan(9_900)
  })

  test('asks for the state again and again where it gets no stream', async () => {
    const view = await opened()
    await view.page.route('**/page/events', route => route.fulfill({ status: 503, body: 'too many viewers' }))
    await view.page.reload()
    await expect.poll(() => view.text('link')).toBe('live, every 3 s')
    const before = await untilTotalIsRight(view)
    await sendElsewhere()
    await expect.poll(() => shownTotal(view)).toBe(before + 1)
  })

  // At both depths "where it gets no stream".
  thoroughly(test)('asks for the state again and again where a proxy keeps the events', async () => {
    const view = await opened()
    await view.page.route('**/page/events', () => undefined)
    await view.page.clock.install()
    await view.page.reload()
    await view.page.locator('#heatmap[role=grid]').waitFor()
    await view.page.clock.fastForward(25_000)
    await expect.poll(() => view.text('link')).toBe('live, every 3 s')
    const before = await untilTotalIsRight(view)
    await sendElsewhere()
    await expect.poll(() => shownTotal(view)).toBe(before + 1)
  })

  test('can be read and says how to ping without JavaScript', async () => {
    const view = await opened({ javaScriptEnabled: false })
    const before = await recorded()
    const total = async () => {
      await view.page.reload()
      return shownTotal(view)
    }
    await expect.poll(total).toBe(before)
    const command = await view.page.locator('noscript pre').textContent()
    await run('sh', ['-c', command!], { env: shellEnvironment() })
    await expect.poll(total).toBe(before + 1)
    const rows = async () => {
      await view.page.reload()
      return [await view.page.locator('#minutes td').count(), await view.page.locator('#days tr').count()]
    }
    await expect.poll(rows).toEqual([1_440, 30])
    expect(await view.page.getByRole('button').count()).toBe(0)
  })

  test('has one stream for two tabs, and another tab goes on when the first is closed', async () => {
    const first = await opened()
    await untilLive(first)
    const second = await openTab(first.context, url)
    await untilLive(second)
    await expect.poll(viewers).toBe(1)
    const before = await recorded()
    await sendElsewhere()
    await expect.poll(async () => [await shownTotal(first), await shownTotal(second)]).toEqual([before + 1, before + 1])
    await first.page.close()
    await sendElsewhere()
    await expect.poll(() => shownTotal(second)).toBe(before + 2)
    await expect.poll(viewers).toBe(1)
    expect([...first.errors, ...second.errors]).toEqual([])
  })

  test('goes on to the next day while no ping arrives', async () => {
    const view = await opened()
    let aheadMs = 0
    await view.page.route('**/page/events', route => route.fulfill({ status: 503, body: 'too many viewers' }))
    await view.page.route('**/page/state', async route => {
      const state = JSON.parse(await (await route.fetch()).text())
      await route.fulfill({ body: JSON.stringify({ ...state, atMs: state.atMs + aheadMs }) })
    })
    await sendElsewhere()
    await view.page.reload()
    await expect.poll(() => view.text('today')).toMatch(/^[1-9]/)
    await expect.poll(() => view.text('link')).toBe('live, every 3 s')
    aheadMs = 24 * HOUR_MS
    await expect.poll(() => shownDayAndMinutes(view)).toEqual([0, 0])
    expect(await view.text('days')).toMatch(/^Today0/)
  })

  // At both depths "says since when the server is gone".
  thoroughly(test)('says that the connection is lost if the server hangs, and goes on when it answers again', async () => {
    const view = await opened()
    await view.page.clock.install()
    await view.page.reload()
    await untilLive(view)
    const server = ping.servers[0]!
    server.freeze()
    try {
      await view.page.clock.fastForward(25_000)
      await expect.poll(() => view.text('link')).toMatch(/^reconnecting since \d\d:\d\d:\d\d$/)
    } finally {
      server.wake()
    }
    await expect.poll(() => view.text('link')).toMatch(/^live/)
    await view.page.clock.fastForward(40_000)
    await untilLive(view)
  })

  test('shows times in UTC where the browser does not know the zone of its machine, or the address names none', async () => {
    const unknown = await opened()
    await unknown.page.addInitScript(`Intl.DateTimeFormat.prototype.resolvedOptions = () => ({ timeZone: 'Etc/Unknown' })`)
    await unknown.page.reload()
    await untilLive(unknown)
    expect([await unknown.text('zone'), unknown.errors]).toEqual(['UTC', []])
    await unknown.page.goto(`${url}/?zone=Mars/Olympus`)
    await untilLive(unknown)
    expect(await unknown.text('zone')).toBe('UTC')
  })

  test('shows pings in their minute and day without asking for minutes: they come with the state', async () => {
    await untilYoungHour()
    const view = await opened()
    await untilLive(view)
    await untilDayAndMinutesAreRight(view)
    let asked = 0
    await view.page.route('**/ping.v1.PingService/ListBuckets**', route => (asked++, route.fallback()))
    const asks = async () => {
      asked = 0
      await sendElsewhere()
      await untilDayAndMinutesAreRight(view)
      return asked
    }
    // The page asks once more if pings arrived while it was asking at first.
    expect(await againUntil(asks, count => count === 0)).toBe(0)
  })

  test('asks for all minutes when a ping with an older time is in the total', async () => {
    await untilYoungHour()
    const view = await opened()
    await untilLive(view)
    await untilDayAndMinutesAreRight(view)
    const timestampMs = String(Date.now() - 2 * HOUR_MS)
    expect(await caller.call(url, 'Ping', { timestampMs }, 5_000)).toMatchObject({ status: 200 })
    await untilDayAndMinutesAreRight(view)
  })

  test('asks for minutes less and less often while pings arrive, if they do not come with the state', async () => {
    const view = await opened()
    let asked = 0
    let total = 0
    await view.page.route('**/ping.v1.PingService/ListBuckets**', route => (asked++, route.fallback()))
    await view.page.route('**/page/events', route => route.fulfill({ status: 503, body: 'too many viewers' }))
    await view.page.route('**/page/state', async route => {
      const state = JSON.parse(await (await route.fetch()).text())
      await route.fulfill({ body: JSON.stringify({ ...state, total: { ...state.total, count: String(++total) }, minutes: undefined }) })
    })
    await view.page.clock.install()
    await view.page.reload()
    const pass = async (seconds: number) => {
      for (let left = seconds; left > 0; left -= 4) {
        const before = total
        await view.page.clock.fastForward(4_000)
        await expect.poll(() => total).toBeGreaterThan(before)
      }
    }
    await pass(32)
    // Again if the machine took so long that its own time counts.
    for (let beganMs = -Infinity, passes = 0; passes < 5 && performance.now() - beganMs > 8_000; passes++) {
      asked = 0
      beganMs = performance.now()
      await pass(32)
    }
    // Two each time: 4 to 6, but 16 without pauses that grow.
    expect(asked).toBeGreaterThan(0)
    expect(asked).toBeLessThan(12)
  })

  test('closes its stream while it is hidden', async () => {
    const view = await opened()
    await untilLive(view)
    await expect.poll(viewers).toBe(1)
    const hide = (isHidden: boolean) =>
      view.page.evaluate(
        `Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true }); document.dispatchEvent(new Event('visibilitychange'))`,
      )
    await hide(true)
    await expect.poll(viewers).toBe(0)
    await sendElsewhere()
    const total = await recorded()
    await hide(false)
    await expect.poll(viewers).toBe(1)
    await expect.poll(() => shownTotal(view)).toBe(total)
    expect(view.errors).toEqual([])
  })

  test('counts up to the total, but not for a viewer who wants no motion', async () => {
    /** The totals on the screen, and those that the server sent. */
    const totals = async (reducedMotion: 'reduce' | 'no-preference') => {
      const view = await opened({ reducedMotion })
      await untilLive(view)
      await view.page.evaluate(
        `window.shown = []; window.sent = [document.getElementById('total').textContent]
        new MutationObserver(() => shown.push(document.getElementById('total').textContent)).observe(document.getElementById('total'), { childList: true })
        new BroadcastChannel('ping-page').onmessage = ({ data }) => data.kind === 'state' && sent.push(Number(JSON.parse(data.json).total.count).toLocaleString('en'))`,
      )
      const before = await recorded()
      const pings = Array.from({ length: 2_000 }, () => ({}))
      const answer = await fetch(`${url}/ping.v1.PingService/PingBatch`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ pings }),
      })
      expect(answer.status).toBe(200)
      await expect.poll(() => shownTotal(view)).toBe(before + pings.length)
      const last = (before + pings.length).toLocaleString('en')
      await expect.poll(() => view.page.evaluate<string>('sent.at(-1)')).toBe(last)
      return view
    }
    /** The totals that were shown but not sent. */
    const between = (view: OpenPage) => view.page.evaluate<string[]>('shown.filter(total => !sent.includes(total))')
    expect(await between(await totals('reduce'))).toEqual([])
    // On a busy machine, the browser may paint no frame while it counts up.
    const moving = await againUntil(
      async () => between(await totals('no-preference')),
      shown => shown.length > 0,
    )
    expect(moving.length).toBeGreaterThan(0)
  })

  test('paints its number at once', async () => {
    let painted = Infinity
    // Again if the machine did something else meanwhile.
    for (let load = 0; load < 5 && painted > BUSY_MACHINE * FIRST_NUMBER_MS; load++) painted = await paintedAfterMs(await opened())
    expect(painted).toBeLessThan(BUSY_MACHINE * FIRST_NUMBER_MS)
  })

  async function paintedAfterMs(view: OpenPage): Promise<number> {
    const painted = await view.page.evaluate<number>(
      `new Promise(resolve => new PerformanceObserver(list => resolve(list.getEntries()[0].startTime)).observe({ type: 'paint', buffered: true }))`,
    )
    const response = await view.page.evaluate<number>(`performance.getEntriesByType('navigation')[0].responseEnd`)
    console.info(`first number painted after ${Math.round(painted)} ms, page received after ${Math.round(response)} ms`)
    return painted
  }

  test('says that the cache is down, goes on counting in Postgres, and says that the cache is back', async () => {
    const view = await opened()
    await untilLive(view)
    const cache = async () =>
      (await view.page
        .locator('#parts li', { has: view.page.getByText('Cache', { exact: true }) })
        .locator('.word')
        .textContent())!
    await expect.poll(cache).toBe('up')
    await ping.redis.kill9()
    await expect.poll(cache).toBe('down')
    await expect.poll(() => view.text('counted')).toMatch(/^Counted in Postgres/)
    await sendElsewhere()
    await expect.poll(async () => [await shownTotal(view), await view.text('link')]).toEqual([await recorded(), 'live'])
    await ping.redis.restart()
    await expect.poll(cache).toBe('up')
    await expect.poll(() => view.text('counted')).toMatch(/^Counted in the cache/)
    expect(view.errors).toEqual([])
  })

  test('says since when the server is gone, and sends a ping once though it was tried before and after', async () => {
    const view = await opened()
    await untilLive(view)
    const server = ping.servers[0]!
    const before = await recorded()
    await server.kill9()
    await expect.poll(() => view.text('link')).toMatch(/^reconnecting since \d\d:\d\d:\d\d$/)
    await view.page.getByRole('button', { name: 'Send a ping' }).click()
    await expect
      .poll(() => view.text('sent'))
      .toMatch(/^The server does not answer\. Trying again with the same id, \d of 6|Press the button again/)
    await server.start()
    await server.untilReady()
    await untilLive(view)
    await expect
      .poll(async () => {
        const sent = await view.text('sent')
        if (sent.includes('Press the button again')) await view.page.getByRole('button', { name: 'Send a ping' }).click()
        return sent
      })
      .toMatch(/^Recorded/)
    await expect.poll(() => shownTotal(view)).toBe(before + 1)
    expect(await recorded()).toBe(before + 1)
  })
})
