import type { Logger } from '../runtime/logger.ts'
import { TimeoutError, within } from '../runtime/wait.ts'

/** Maximum time of the last sending, when a program stops. */
const LAST_SPANS_MS = 3_000

/** Waits until the last spans are sent, for up to `limitMs`. Never rejects: what is lost is logged. */
export async function sendLastSpans(send: () => Promise<void>, log: Logger, limitMs = LAST_SPANS_MS): Promise<void> {
  try {
    await within(limitMs, 'late', send())
  } catch (err) {
    if (err instanceof TimeoutError) log.warn(`traces: the last spans were not sent within ${limitMs} ms; they are lost`)
    else log.debug({ err }, 'traces: the last spans were not sent') // a receiver that refuses them has been logged
  }
}
