import { get, type ClientRequest } from 'node:http'

/** Viewers of the live page: each has a connection with a stream of its own, as browsers have over HTTP/1.1. */
export interface Viewers {
  /** How many events they have got so far, all together. */
  events(): number
  close(): void
}

/** Resolves when each viewer has its first event. */
export async function openViewers(port: number, count: number): Promise<Viewers> {
  let events = 0
  const requests = await Promise.all(Array.from({ length: count }, () => openViewer(port, () => events++)))
  return { events: () => events, close: () => requests.forEach(request => request.destroy()) }
}

function openViewer(port: number, onEvent: () => void): Promise<ClientRequest> {
  return new Promise((resolve, reject) => {
    const request = get({ port, host: '127.0.0.1', path: '/page/events', agent: false }, response => {
      if (response.statusCode !== 200) return reject(new Error(`/page/events: got ${response.statusCode}, expected 200`))
      response.setEncoding('latin1').on('data', (text: string) => {
        if (!text.includes('event: state')) return
        onEvent()
        resolve(request)
      })
      response.on('error', () => undefined) // closed at the end
    })
    request.on('error', reject)
  })
}
