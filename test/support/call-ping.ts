import { Agent, request as httpRequest } from 'node:http'

const SERVICE = '/ping.v1.PingService'
const MAX_CONNECTIONS = 512

/** What a server answered, or why nothing came. */
export type Answer =
  | { readonly kind: 'answer'; readonly status: number; readonly headers: NodeJS.Dict<string | string[]>; readonly json: AnswerBody }
  | { readonly kind: 'nothing'; readonly code: string }

export interface AnswerBody {
  readonly pingCount?: string
  readonly code?: string
  readonly message?: string
}

/** Calls Ping or PingCount as Connect's JSON over connections that stay open: little work, and every outcome is seen. */
export class PingCaller {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS })

  /** Never rejects. */
  call(url: string, method: 'Ping' | 'PingCount', body: object, timeoutMs: number): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>()
    const headers = { 'content-type': 'application/json' }
    const request = httpRequest(`${url}${SERVICE}/${method}`, {
      method: 'POST',
      agent: this.#agent,
      headers,
      signal: AbortSignal.timeout(timeoutMs),
    })
    const failed = (error: NodeJS.ErrnoException) => resolve({ kind: 'nothing', code: error.code ?? error.name })
    request.on('error', failed)
    request.on('response', response => {
      let text = ''
      response.setEncoding('utf8').on('data', chunk => (text += chunk))
      response.on('error', failed)
      response.on('end', () => resolve({ kind: 'answer', status: response.statusCode ?? 0, headers: response.headers, json: parse(text) }))
    })
    request.end(JSON.stringify(body))
    return promise
  }

  close(): void {
    this.#agent.destroy()
  }
}

function parse(text: string): AnswerBody {
  try {
    return JSON.parse(text) as AnswerBody
  } catch {
    return { message: text }
  }
}
