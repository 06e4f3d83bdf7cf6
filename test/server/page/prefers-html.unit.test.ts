import { describe, expect, test } from 'vitest'
import { prefersHtml } from '../../../src/server/page/html/prefers-html.ts'

describe('the page for people is for callers that', () => {
  test.each([
    ['text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'],
    ['text/html'],
    ['TEXT/HTML ; charset=utf-8 , */*;q=0.1'],
    ['*/*;q=0.5, text/html;q=0.6'],
    ['text/html, */*'],
  ])('accept %s', accept => expect(prefersHtml(accept)).toBe(true))
})

describe('the page for people is not for callers that', () => {
  test.each([
    [undefined],
    [''],
    ['*/*'],
    ['text/*'],
    ['application/json'],
    ['text/html;q=0'],
    ['text/html;q=0.5, */*'],
    ['text/html;q=0.9, text/plain'],
    ['text/html;q=2'],
    ['text/html;q=, */*;q=0.1'],
    ['application/xhtml+xml, text/htmlx'],
  ])('accept %s', accept => expect(prefersHtml(accept)).toBe(false))
})
