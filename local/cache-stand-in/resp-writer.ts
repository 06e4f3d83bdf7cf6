import { isFailure, isPairs, isStatus, type Reply } from './reply.ts'

export type Protocol = 2 | 3

/** A reply in the bytes of RESP, one character a byte. */
export function encode(reply: Reply, protocol: Protocol): string {
  if (reply === null) return protocol === 3 ? '_\r\n' : '$-1\r\n'
  if (typeof reply === 'string') return `$${reply.length}\r\n${reply}\r\n`
  if (typeof reply === 'number' || typeof reply === 'bigint') return `:${reply}\r\n`
  if (isStatus(reply)) return `+${oneLine(reply.status)}\r\n`
  if (isFailure(reply)) return `-${oneLine(reply.error)}\r\n`
  if (isPairs(reply)) {
    const { pairs } = reply
    return (protocol === 3 ? `%${pairs.length / 2}\r\n` : `*${pairs.length}\r\n`) + all(pairs, protocol)
  }
  return `*${reply.length}\r\n${all(reply, protocol)}`
}

function all(replies: readonly Reply[], protocol: Protocol): string {
  let text = ''
  for (const reply of replies) text += encode(reply, protocol)
  return text
}

/** A simple string or an error ends at the first line break. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ')
}
