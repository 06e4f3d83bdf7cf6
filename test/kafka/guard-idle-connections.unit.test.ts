import { createRequire } from 'node:module'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { guardIdleConnections } from '../../src/kafka/guard-idle-connections.ts'

interface Queue {
  scheduleRequestTimeoutCheck(): void
  push(request: object): void
  fulfillRequest(response: object): void
  destroy(): void
}

const require = createRequire(import.meta.url)
const RequestQueue = require('kafkajs/src/network/requestQueue') as new (options: object) => Queue
const TIMEOUT_MS = 1_000

let queue: Queue
let overdue: string[]
let isConnected: boolean
beforeEach(() => {
  vi.useFakeTimers()
  guardIdleConnections()
  ;[overdue, isConnected] = [[], true]
  const logger = { debug: () => undefined, warn: () => undefined }
  const options = { maxInFlightRequests: null, requestTimeout: TIMEOUT_MS, enforceRequestTimeout: true, clientId: 'test', broker: 'b' }
  queue = new RequestQueue({ ...options, logger, isConnected: () => isConnected })
})
afterEach(() => {
  queue.destroy()
  vi.restoreAllMocks() // before the timers: a spy that is restored later would bring the fake ones back
  vi.useRealTimers()
})

/** To be called first in a test, which must not wait then: the timers that it counts are those of its queue alone. */
function checkRequests(): void {
  vi.clearAllTimers()
  queue.scheduleRequestTimeoutCheck()
}

function ask(correlationId: number, requestTimeout?: number): void {
  const startMs = Date.now()
  const reject = () => overdue.push(`${correlationId} after ${Math.round((Date.now() - startMs) / 100) * 100} ms`)
  const entry = { correlationId, apiKey: 0, apiName: 'any', apiVersion: 0, resolve: () => undefined, reject }
  queue.push({ entry, expectResponse: true, requestTimeout, sendRequest: () => undefined })
}

test('each request that a broker does not answer is rejected at its own limit', () => {
  checkRequests()
  vi.advanceTimersByTime(700)
  ask(1)
  vi.advanceTimersByTime(200)
  ask(2, 3_000)
  ask(3)
  vi.advanceTimersByTime(10_000)
  expect(overdue).toEqual(['1 after 1000 ms', '3 after 1000 ms', '2 after 3000 ms'])
})

test('an answered request is not rejected, and an idle connection wakes up once in the limit of a request', () => {
  checkRequests()
  ask(1)
  queue.fulfillRequest({ correlationId: 1, payload: null, size: 0 })
  const timers = vi.spyOn(globalThis, 'setTimeout')
  vi.advanceTimersByTime(10 * TIMEOUT_MS)
  expect(timers.mock.calls.length).toBeLessThanOrEqual(10)
  expect(overdue).toEqual([])
})

test('a connection that is being ended waits for its requests, each at most until its limit, and keeps no timer', () => {
  checkRequests()
  ask(1)
  ask(2, 3_000)
  isConnected = false
  vi.advanceTimersByTime(4_000)
  expect(overdue).toEqual(['1 after 1000 ms', '2 after 3000 ms'])
  vi.advanceTimersByTime(2 * TIMEOUT_MS)
  expect(vi.getTimerCount()).toBe(0)
})
