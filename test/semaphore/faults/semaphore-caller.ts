import { wait } from '../../../src/runtime/wait.ts'

const CALL_LIMIT_MS = 5_000
const TRY_AGAIN_AFTER_MS = 50
/** Answers after which the same call may succeed. */
const RETRIED = ['unavailable', 'resource_exhausted', 'deadline_exceeded']

/** Calls the semaphore's service, each time another program, until one answers. */
export class SemaphoreCaller {
  readonly #urls: readonly string[]
  #calls = 0
  #isStopped = false

  constructor(urls: readonly string[]) {
    this.#urls = urls
  }

  /** Resolves with `ok` or with the code of the error. */
  submit(resourceId: string, commandId: string, value: string): Promise<string> {
    return this.#call('Submit', { resourceId, commandId, payload: Buffer.from(value).toString('base64') })
  }

  finish(resourceId: string, commandId: string, token: bigint): Promise<string> {
    return this.#call('Finish', { resourceId, commandId, token: String(token) })
  }

  /** Ends the tries of all calls. */
  stop(): void {
    this.#isStopped = true
  }

  async #call(method: string, body: object): Promise<string> {
    while (!this.#isStopped) {
      const url = this.#urls[this.#calls++ % this.#urls.length]!
      const code = await post(`${url}/semaphore.v1.SemaphoreService/${method}`, body)
      if (code !== undefined && !RETRIED.includes(code)) return code
      await wait(TRY_AGAIN_AFTER_MS)
    }
    return 'stopped'
  }
}

/** Undefined: no answer. */
async function post(url: string, body: object): Promise<string | undefined> {
  try {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal: AbortSignal.timeout(CALL_LIMIT_MS) })
    const answer = (await response.json()) as { code?: string }
    return response.ok ? 'ok' : (answer.code ?? 'unavailable')
  } catch {
    return undefined
  }
}
