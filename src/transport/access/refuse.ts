import { Code, ConnectError, createContextKey, type HandlerContext } from '@connectrpc/connect'
import { send, type HttpRequest, type HttpResponse } from '../../runtime/answer-page.ts'
import type { Refusal } from './access-check.ts'

export const CHALLENGE_HEADER = 'www-authenticate'

/** Carries the refusal of an RPC from where the request is checked to where its protocol is known. */
export const REFUSAL = createContextKey<Refusal | undefined>(undefined, { description: 'refusal' })

/** Throws if the call was refused. Connect then answers in the caller's protocol, without reading the body. */
export function refuseRpc({ values, responseHeader }: HandlerContext): void {
  const refusal = values.get(REFUSAL)
  if (refusal === undefined) return
  responseHeader.set(CHALLENGE_HEADER, refusal.challenge)
  throw new ConnectError(refusal.message, refusal.code)
}

/** Answers a refused request for a page. */
export function refusePage(request: HttpRequest, response: HttpResponse, { code, message, challenge }: Refusal): void {
  const status = code === Code.Unauthenticated ? 401 : 403
  send(request, response, { status, type: 'text/plain; charset=utf-8', body: `${message}\n` }, { [CHALLENGE_HEADER]: challenge })
}
