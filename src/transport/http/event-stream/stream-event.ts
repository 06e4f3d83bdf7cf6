/** An event as it is sent: encoded once, for all readers. */
export interface StreamEvent {
  /** Empty: the event has none. */
  readonly id: string
  readonly bytes: Uint8Array
}

/**
 * An event of a stream.
 *
 * @param id without line breaks; the reader sends it when it comes back. Empty: it sends none
 * @param event the type, without line breaks
 */
export function streamEvent(id: string, event: string, data: string): StreamEvent {
  const lines = data.split(/\r\n|\n|\r/).map(line => `data: ${line}\n`)
  return { id, bytes: Buffer.from(`id: ${id}\nevent: ${event}\n${lines.join('')}\n`) }
}

/** How long a reader waits before it connects again, in ms. */
export function retryLine(retryMs: number): Uint8Array {
  return Buffer.from(`retry: ${retryMs}\n\n`)
}

/** A comment: readers ignore it, and connections without data are not closed on the way. */
export const HEARTBEAT: Uint8Array = Buffer.from(':\n\n')
