import { describe, expect, test } from 'vitest'
import type { HttpRequest } from '../../src/runtime/answer-page.ts'
import { foreignOrigin } from '../../src/transport/http/foreign-origin.ts'

const ALLOWED = ['https://page.example', 'http://localhost:8082']
const over = (host: string | undefined, origin: string | undefined, allowed = ALLOWED) =>
  foreignOrigin({ headers: { host, origin } } as unknown as HttpRequest, allowed)

describe('the page of an origin', () => {
  test.each([
    ['that is allowed', '127.0.0.1:8082', 'https://page.example'],
    ['of the address itself', '127.0.0.1:8082', 'http://127.0.0.1:8082'],
    ['of the address itself, whatever its case', 'Semaphore.Example:8082', 'http://semaphore.example:8082'],
    ['of the address itself, through a proxy that ended TLS', 'semaphore.example', 'https://semaphore.example'],
    ['of the address itself with the port of its scheme', 'semaphore.example:443', 'https://semaphore.example'],
    ['of the address itself over IPv6', '[::1]:8082', 'http://[::1]:8082'],
  ])('%s may change something', (_, host, origin) => expect(over(host, origin)).toBeUndefined())

  test.each([
    ['127.0.0.1:8082', 'http://evil.example'],
    ['127.0.0.1:8082', 'http://127.0.0.1:3000'],
    ['127.0.0.1:8082', 'http://127.0.0.1'],
    ['127.0.0.1:8082', 'http://127.0.0.1:8082.evil.example'],
    ['127.0.0.1:8082', 'http://127.0.0.1:8082, http://evil.example'],
    ['127.0.0.1:8082', 'https://page.example.evil.example'],
    ['127.0.0.1:8082', 'null'],
    ['127.0.0.1:8082', ''],
    ['127.0.0.1:8082', 'chrome-extension://127.0.0.1:8082'],
    [undefined, 'http://evil.example'],
  ])('that calls %s from %j may not', (host, origin) =>
    expect(over(host, origin)).toBe(
      `header origin: got ${JSON.stringify(origin)}, expected none, the origin of this address, or one that CORS_ORIGINS allows`,
    ),
  )

  test('may, whatever it is, if every origin is allowed', () => expect(over('127.0.0.1:8082', 'null', ['*'])).toBeUndefined())

  test('is not asked for: other callers send none', () => expect(over('127.0.0.1:8082', undefined)).toBeUndefined())

  test('is compared with the authority of HTTP/2', () => {
    const request = { authority: 'semaphore.example', headers: { origin: 'https://semaphore.example' } } as unknown as HttpRequest
    expect(foreignOrigin(request, ALLOWED)).toBeUndefined()
  })
})
