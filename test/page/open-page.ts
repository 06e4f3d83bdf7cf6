import axe from 'axe-core'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { expect } from 'vitest'

export const WIDE = { width: 1_400, height: 1_000 }
export const NARROW = { width: 360, height: 740 }

/** A page that a test has open. */
export interface OpenPage {
  readonly page: Page
  readonly context: BrowserContext
  /** What the console has shown as errors, what was thrown, and what the policy of the page forbade. */
  readonly errors: readonly string[]
  text(id: string): Promise<string>
  close(): Promise<void>
}

/** Opens the live page in a context of its own. */
export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: WIDE, timezoneId: 'Europe/Berlin', ...options })
  return openTab(context, url)
}

/** Opens the live page in a further tab. */
export async function openTab(context: BrowserContext, url: string): Promise<OpenPage> {
  const page = await context.newPage()
  const errors: string[] = []
  page.on('console', message => void (message.type() === 'error' && errors.push(message.text())))
  page.on('pageerror', error => void errors.push(String(error)))
  await page.addInitScript(`addEventListener('securitypolicyviolation', e => console.error('policy: ' + e.violatedDirective))`)
  await page.goto(url)
  return {
    page,
    context,
    errors,
    text: async id => (await page.locator(`#${id}`).textContent())?.trim() ?? '',
    close: () => context.close(),
  }
}

/** Waits until the page gets what happens as it happens. */
export async function untilLive({ text }: OpenPage): Promise<void> {
  await expect.poll(() => text('link')).toBe('live')
}

/** What axe finds wrong, one line for each rule. */
export async function axeFindings(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source)
  return page.evaluate<string[]>(
    `axe.run({ resultTypes: ['violations'], performanceTimer: false }).then(({ violations }) => violations.map(({ id, help, nodes }) => id + ': ' + help + ': ' + nodes.map(node => node.html).slice(0, 3).join(' ')))`,
  )
}
