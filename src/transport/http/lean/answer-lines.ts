import { trailerMux } from '@connectrpc/connect/protocol-connect'
import type { AnswerHeaders } from './answer-headers.ts'

/** The header lines of an answer, names and values in turn, in the order of the platform's headers. */
export function answerLines(header: AnswerHeaders, trailer: AnswerHeaders, length: number, encoding: string | undefined): string[] {
  const { pairs } = header
  if (pairs === undefined || trailer.pairs?.length !== 0) return linesOf(header, trailer, length, encoding)
  const lines =
    encoding === undefined ? ['content-length', String(length)] : ['content-encoding', encoding, 'content-length', String(length)]
  for (let at = 0; at + 1 < pairs.length; at += 2) insert(lines, pairs[at]!, pairs[at + 1]!)
  return lines
}

/** Inserts the header in its order by name, replacing an earlier value. */
function insert(lines: string[], name: string, value: string): void {
  let at = lines.length
  while (at > 0 && (lines[at - 2] ?? '') > name) at -= 2
  if (lines[at - 2] !== name) lines.splice(at, 0, name, value)
}

function linesOf(header: AnswerHeaders, trailer: AnswerHeaders, length: number, encoding: string | undefined): string[] {
  if (encoding !== undefined) header.set('content-encoding', encoding)
  const all = trailerMux(header.whole, trailer.whole)
  all.set('content-length', String(length))
  const lines: string[] = []
  for (const [name, value] of all) lines.push(name, value)
  return lines
}
