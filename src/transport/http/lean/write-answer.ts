import { latin1Text } from '../../../runtime/latin1-text.ts'
import { answerLines } from './answer-lines.ts'
import type { LeanCall } from './lean-call.ts'
import type { Body } from './message-format.ts'

/** Up to this many bytes, it costs less to append a copy of the body to the headers than to send two pieces. */
const MAX_JOINED = 4_096

export function writeAnswer(
  { request, response, responseHeader, responseTrailer }: LeanCall,
  status: number,
  body: Body,
  encoding: string | undefined,
): void {
  if (response.destroyed || response.writableEnded) return
  response.writeHead(status, answerLines(responseHeader, responseTrailer, body.length, encoding))
  if (request.method === 'HEAD') response.end()
  // Node joins a string with the headers, but not bytes.
  else if (typeof body === 'string') response.end(body, 'latin1')
  else if (body.length <= MAX_JOINED) response.end(latin1Text(body), 'latin1')
  else response.end(body)
}
