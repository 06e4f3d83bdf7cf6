import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startChromium } from '../support/chromium.ts'
import { keepLogsOnFailure } from '../support/programs.ts'
import { can } from '../support/tiers.ts'
import { startPing, type WholePing } from '../support/whole-ping.ts'

keepLogsOnFailure()

describe.runIf(can('chromium'))('the live page in Chromium', () => {
  let ping: WholePing
  let browser: Browser

  beforeAll(async () => {
    ;[ping, browser] = await Promise.all([startPing(), startChromium()])
  })
  afterAll(async () => {
    await browser?.close()
    await ping?.stop()
  })

  test('shows the total', async () => {
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } })
    page.on('console', m => console.log(m.text()))
    await page.goto(ping.servers[0]!.url)
    await expect
      .poll(async () => {
        await page.reload()
        return page.locator('#total').textContent()
      })
      .toBe('0')
    await page.screenshot({ path: '/tmp/pv.png', fullPage: true })
  })
})
