import type { Logger } from '../../runtime/logger.ts'

/** Any caller can make handshakes fail, so they are logged at most once in this many ms. */
const QUIET_MS = 60_000

/** Logs failed handshakes: the first at once, later ones together. `now` is in ms. */
export function handshakeLog(log: Logger, now: () => number = () => performance.now()): (error: NodeJS.ErrnoException) => void {
  let unsaid = 0
  let saidAt = -Infinity
  return error => {
    unsaid++
    if (now() - saidAt < QUIET_MS) return
    log.warn({ failed: unsaid, last: error.code ?? error.message }, 'TLS handshakes failed')
    unsaid = 0
    saidAt = now()
  }
}
