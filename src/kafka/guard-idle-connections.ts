import { createRequire } from 'node:module'

interface RequestQueue {
  pending: unknown[]
  throttleCheckTimeoutId: NodeJS.Timeout | null
  throttledUntil: number
  checkPendingRequests(): void
}

const require = createRequire(import.meta.url)

/**
 * kafkajs 2.2.4 polls each connection every millisecond after its first response (4.7 % of a core when
 * idle), and newer versions of Node warn of negative time-outs. With this patch it schedules a check only
 * while requests wait for a broker's throttling to end. Patches the class; may be called again.
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
  })
}
