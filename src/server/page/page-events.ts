import { EventStream, type EventStreamMetrics } from '../../transport/http/event-stream/event-stream.ts'
import { streamEvent, type StreamEvent } from '../../transport/http/event-stream/stream-event.ts'
import { stateJson, type PageState } from './page-state.ts'
import type { PageStates } from './page-states.ts'

export const EVENTS_PATH = '/page/events'

/** With more viewers, further ones have to poll /page/state. */
const MAX_VIEWERS = 1_000
const RETRY_MS = 2_000
/** Proxies close connections without data, most of them after 30 s or more. */
const HEARTBEAT_MS = 15_000
const STALLED_MS = 60_000

/** The states of the live page as events of the type `state`. */
export function pageEvents(states: PageStates, metrics: EventStreamMetrics): EventStream {
  const encoded = new WeakMap<PageState, StreamEvent>()
  const encode = (state: PageState): StreamEvent => {
    const known = encoded.get(state)
    if (known !== undefined) return known
    const event = streamEvent(state.version, 'state', stateJson(state))
    encoded.set(state, event) // all viewers get the same state
    return event
  }
  return new EventStream({
    async *events(ended) {
      for await (const state of states.watch(ended)) yield encode(state)
    },
    maxReaders: MAX_VIEWERS,
    retryMs: RETRY_MS,
    heartbeatMs: HEARTBEAT_MS,
    stalledMs: STALLED_MS,
    metrics,
  })
}
