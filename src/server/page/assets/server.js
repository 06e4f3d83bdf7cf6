// Talks to the server: sends pings, asks for buckets, and follows the server's state. One tab of the browser reads the stream of
// states and passes each on to the others. A hidden page reads nothing. If the server gives no stream, the page asks for the state
// every few seconds.

/** @typedef {'live' | 'polling' | 'reconnecting'} Link `polling`: the state comes every few seconds. */
/** @typedef {{ onState: (json: string) => void, onLink: (link: Link) => void }} Listener */
/** @typedef {{ kind: 'hello' } | { kind: 'state', json: string } | { kind: 'link', link: Link }} Message between tabs */

/** @typedef {{ isRecorded: boolean, mayHelp: boolean, text: string }} Outcome `mayHelp`: whether sending the ping again may help */

const SERVICE = '/ping.v1.PingService/'
const EVENTS = '/page/events'
const STATE = '/page/state'
/** The name of the lock and of the channel. */
const NAME = 'ping-page'
const POLL_MS = 3_000
/** How long the server is polled before it is asked for a stream again. */
const STREAM_AGAIN_MS = 30_000
/** A stream brings a state every 5 s or more often. One that is silent for this long is dead, or a proxy keeps it; the browser cannot know. */
const SILENT_MS = 20_000

/** How long a call may take. */
const CALL_MS = 10_000
const MAX_TRIES = 6
const FIRST_PAUSE_MS = 300

/**
 * The counts of a range, bucket by bucket. Rejects if the server has none.
 *
 * @param {'MINUTE' | 'DAY'} unit
 * @param {{ startMs: number, endMs: number }} range
 * @param {string} zone
 * @returns {Promise<import('./calendar.js').Bucket[]>}
 */
export async function listBuckets(unit, { startMs, endMs }, zone) {
  const timeRange = { start: String(startMs), end: String(endMs) }
  const message = JSON.stringify({ timeRange, unit: `BUCKET_UNIT_${unit}`, timeZone: zone })
  const query = new URLSearchParams({ connect: 'v1', encoding: 'json', message })
  const response = await fetch(`${SERVICE}ListBuckets?${query}`, { signal: AbortSignal.timeout(CALL_MS) })
  if (!response.ok) throw new Error(await errorText(response))
  const { buckets = [] } = await response.json()
  // A field with the value 0 is not in the JSON.
  return buckets.map((/** @type {{ start?: string, pingCount?: string }} */ { start = '0', pingCount = '0' }) => ({
    startMs: Number(start),
    count: BigInt(pingCount),
  }))
}

/**
 * Sends a ping until the server has recorded or refused it, a few times. All tries have the same id, so it is counted once.
 *
 * @param {string} pingId
 * @param {(text: string) => void} onTry called before each further try
 * @returns {Promise<Outcome>}
 */
export async function sendPing(pingId, onTry) {
  for (let tries = 1; ; tries++) {
    const outcome = await tryPing(pingId)
    if (outcome.isRecorded || !outcome.mayHelp || tries === MAX_TRIES) return outcome
    onTry(`${outcome.text} Trying again with the same id, ${tries + 1} of ${MAX_TRIES} …`)
    await pause(FIRST_PAUSE_MS * 2 ** (tries - 1))
  }
}

/**
 * @param {string} pingId
 * @returns {Promise<Outcome>}
 */
async function tryPing(pingId) {
  const beganMs = performance.now()
  try {
    const response = await fetch(`${SERVICE}Ping`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'connect-protocol-version': '1' },
      body: JSON.stringify({ pingId }),
      signal: AbortSignal.timeout(CALL_MS),
    })
    if (response.ok) return { isRecorded: true, mayHelp: false, text: `Recorded in ${Math.round(performance.now() - beganMs)} ms.` }
    const mayHelp = response.status >= 500 || response.status === 429
    return { isRecorded: false, mayHelp, text: `The server answered: ${await errorText(response)}.` }
  } catch {
    return { isRecorded: false, mayHelp: true, text: 'The server does not answer.' }
  }
}

/** @param {Response} response */
async function errorText(response) {
  const { code, message } = (await response.json().catch(() => undefined)) ?? {}
  return typeof code === 'string' ? `${code}: ${message}` : `HTTP ${response.status}`
}

/** An id for a ping: a UUIDv7. Pages of other machines without TLS have no `crypto.randomUUID`. */
export function newPingId() {
  const random = crypto.getRandomValues(new Uint8Array(10))
  const hex = Date.now().toString(16).padStart(12, '0') + [...random].map(byte => byte.toString(16).padStart(2, '0')).join('')
  const variant = ((random[2] ?? 0) & 0x3f) | 0x80
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-${variant.toString(16)}${hex.slice(18, 20)}-${hex.slice(20)}`
}

/** @param {number} ms */
function pause(ms) {
  return new Promise(resolve => setTimeout(resolve, ms))
}

/**
 * Calls the listener whenever there is news, while the page is visible.
 *
 * @param {Listener} listener
 */
export function follow(listener) {
  /** @type {AbortController | undefined} */
  let visit
  const look = () => {
    if (document.hidden) {
      visit?.abort()
      visit = undefined
    } else if (visit === undefined) {
      visit = new AbortController()
      followWhile(visit.signal, listener)
    }
  }
  document.addEventListener('visibilitychange', look)
  // A page that the browser keeps for "back" must not keep the stream.
  addEventListener('pagehide', () => {
    visit?.abort()
    visit = undefined
  })
  addEventListener('pageshow', look)
  look()
}

/**
 * @param {AbortSignal} ended
 * @param {Listener} listener
 */
function followWhile(ended, listener) {
  const channel = new BroadcastChannel(NAME)
  ended.addEventListener('abort', () => channel.close())
  /** What a tab that has just come gets from the one that reads. @type {Message[]} */
  let news = []
  let isReader = false
  channel.onmessage = ({ data }) => {
    const message = /** @type {Message} */ (data)
    if (message.kind === 'state') listener.onState(message.json)
    else if (message.kind === 'link') listener.onLink(message.link)
    else if (isReader) for (const one of news) channel.postMessage(one)
  }
  /** @param {Message} message */
  const tell = message => {
    if (ended.aborted) return
    news = [...news.filter(({ kind }) => kind !== message.kind), message]
    channel.postMessage(message)
  }
  const read = () => {
    isReader = true
    readServer(ended, {
      onState(json) {
        tell({ kind: 'state', json })
        listener.onState(json)
      },
      onLink(link) {
        tell({ kind: 'link', link })
        listener.onLink(link)
      },
    })
  }
  channel.postMessage({ kind: 'hello' })
  // Over plain HTTP, browsers have locks only for pages of this machine. Without them each tab has a stream of its own.
  if (navigator.locks === undefined) return read()
  const untilEnded = () => new Promise(resolve => ended.addEventListener('abort', () => resolve(undefined)))
  navigator.locks
    .request(NAME, { signal: ended }, () => {
      read()
      return untilEnded()
    })
    .catch(() => undefined) // the page was hidden before it was its turn
}

/**
 * @param {AbortSignal} ended
 * @param {Listener} listener
 */
function readServer(ended, listener) {
  const source = new EventSource(EVENTS)
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let silence
  const close = () => {
    clearTimeout(silence)
    source.close()
    ended.removeEventListener('abort', close)
  }
  const hear = () => {
    clearTimeout(silence)
    silence = setTimeout(() => {
      close()
      listener.onLink('reconnecting')
      void poll(ended, listener)
    }, SILENT_MS)
  }
  ended.addEventListener('abort', close)
  hear()
  source.addEventListener('open', () => listener.onLink('live'))
  source.addEventListener('state', ({ data }) => {
    hear()
    listener.onState(data)
  })
  source.addEventListener('error', () => {
    if (ended.aborted) return
    if (source.readyState !== EventSource.CLOSED) return listener.onLink('reconnecting')
    // The browser does not try again: the server has refused the stream, or the browser has given up.
    close()
    void poll(ended, listener)
  })
}

/**
 * Asks for the state until it is time to try the stream again.
 *
 * @param {AbortSignal} ended
 * @param {Listener} listener
 */
async function poll(ended, listener) {
  const untilMs = performance.now() + STREAM_AGAIN_MS
  let wasDown = false
  while (!ended.aborted) {
    const json = await fetchState(ended)
    if (ended.aborted) return
    if (json !== undefined) listener.onState(json)
    listener.onLink(json === undefined ? 'reconnecting' : 'polling')
    if (json !== undefined && (wasDown || performance.now() > untilMs)) return readServer(ended, listener)
    wasDown = json === undefined
    await pause(POLL_MS)
  }
}

/**
 * Undefined: the server does not answer, or not with a state.
 *
 * @param {AbortSignal} ended
 */
async function fetchState(ended) {
  try {
    const response = await fetch(STATE, { signal: AbortSignal.any([ended, AbortSignal.timeout(CALL_MS)]) })
    return response.ok ? await response.text() : undefined
  } catch {
    return undefined
  }
}
