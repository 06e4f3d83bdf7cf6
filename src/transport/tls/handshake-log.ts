import type { Logger } from '../../runtime/logger.ts'

/** Any caller can make handshakes fail, so they are logged at most once in this many ms. */
const QUIET_MS = 60_000

/** Logs failed handshakes: the first at once, later ones as a number in the next line. `now` returns ms. */
export function handshakeLog(log: Logger, now: () => number = () => performance.now()): (error: NodeJS.ErrnoException) => void {
  let unreported = 0
  let reportedAt = -Infinity
  return error => {
    unreported++
    if (now() - reportedAt < QUIET_MS) return
    log.warn({ failed: unreported, last: error.code ?? error.message }, 'TLS handshakes failed')
    unreported = 0
    reportedAt = now()
  }
}
