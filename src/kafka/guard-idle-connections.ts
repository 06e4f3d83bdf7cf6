import { createRequire } from 'node:module'

interface SocketRequest {
  readonly sentAt: number
  readonly requestTimeout: number
  timeoutRequest(): void
}

interface RequestQueue {
  readonly inflight: ReadonlyMap<number, SocketRequest>
  readonly pending: readonly unknown[]
  readonly enforceRequestTimeout: boolean
  readonly requestTimeout: number
  readonly throttledUntil: number
  throttleCheckTimeoutId: NodeJS.Timeout | null
  requestTimeoutIntervalId: NodeJS.Timeout
  isConnected(): boolean
  destroy(): void
  checkPendingRequests(): void
}

const require = createRequire(import.meta.url)

/**
 * kafkajs 2.2.4 polls each connection every millisecond after its first response (4.7 % of a core when idle), and newer versions of
 * Node warn of negative time-outs; and it looks for requests that are overdue ten times a second. With this patch it schedules a check
 * only while requests wait for a broker's throttling to end, and for the time when a request can be overdue. Patches the class; may be
 * called again.
 */
export function guardIdleConnections(): void {
  const { prototype } = require('kafkajs/src/network/requestQueue') as { prototype: object }
  Object.assign(prototype, {
    scheduleCheckPendingRequests(this: RequestQueue) {
      if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return
      const pauseMs = Math.max(1, this.throttledUntil - Date.now())
      this.throttleCheckTimeoutId = setTimeout(() => {
        this.throttleCheckTimeoutId = null
        this.checkPendingRequests()
      }, pauseMs)
    },

    scheduleRequestTimeoutCheck(this: RequestQueue) {
      if (!this.enforceRequestTimeout) return
      this.destroy()
      checkWhenDue(this)
    },
  })
}

/** No request is overdue before `requestTimeout` has passed: each may have a longer limit of its own, but no shorter one. */
function checkWhenDue(queue: RequestQueue): void {
  let pauseMs = queue.requestTimeout
  for (const { sentAt, requestTimeout } of queue.inflight.values()) pauseMs = Math.min(pauseMs, sentAt + requestTimeout - Date.now())
  queue.requestTimeoutIntervalId = setTimeout(
    () => {
      for (const request of queue.inflight.values()) if (Date.now() - request.sentAt > request.requestTimeout) request.timeoutRequest()
      // A connection that is being ended waits for its requests.
      if (queue.isConnected() || queue.inflight.size > 0) checkWhenDue(queue)
    },
    Math.max(1, pauseMs + 1),
  )
}
