import type { Random } from '../../support/random.ts'
import { LAST, type Step } from './conversation.ts'
import { CASES } from './requests.ts'

/** The bytes of conversations that have no pauses and only a few requests. */
const WHOLE: readonly Buffer[] = CASES.flatMap(([, steps]) => {
  const bytes = steps.filter(step => step !== LAST).map(step => (typeof step === 'string' ? Buffer.from(step, 'latin1') : step))
  return bytes.every(one => Buffer.isBuffer(one)) && bytes.length > 0 ? [Buffer.concat(bytes)] : []
})
/** What separates the lines of the headers. */
const LINE_END = '\r\n'
const BODY = Buffer.from('\r\n\r\n')

/** A random conversation from the table: requests with small changes, split into pieces, some pipelined. */
export function randomConversation(random: Random): readonly Step[] {
  const requests = Array.from({ length: random.pick([1, 1, 1, 2, 3]) }, () => mutated(random, random.pick(WHOLE)))
  return [...pieces(random, Buffer.concat(requests)), LAST]
}

function mutated(random: Random, bytes: Buffer): Buffer {
  let result = bytes
  for (let left = random.pick([0, 1, 1, 1, 2, 3]); left > 0; left--) result = random.pick(MUTATIONS)(random, result)
  return result
}

const MUTATIONS: readonly ((random: Random, bytes: Buffer) => Buffer)[] = [
  (random, bytes) => replaced(bytes, random.between(0, bytes.length), 1, Buffer.of(random.between(0, 256))),
  (random, bytes) => replaced(bytes, random.between(0, bytes.length), random.between(1, 4), Buffer.alloc(0)),
  (random, bytes) =>
    replaced(
      bytes,
      random.between(0, bytes.length),
      0,
      Buffer.from(Array.from({ length: random.between(1, 4) }, () => random.between(0, 256))),
    ),
  (random, bytes) =>
    replaced(
      bytes,
      random.between(0, bytes.length),
      1,
      Buffer.from(random.pick(['{', '}', '"', ',', ':', ';', '=', ' ', '\t', '\r', '\n', '0', '9', '-', '%', '&', '\0', '\xff']), 'latin1'),
    ),
  inBody((random, body) => replaced(body, random.between(0, body.length), 1, Buffer.of(random.between(0, 256)))),
  inBody((random, body) =>
    replaced(body, random.between(0, body.length), 1, Buffer.from(random.pick(['{', '}', '[', ']', '"', ',', ':', '\\', '1', 'e', 'n']))),
  ),
  inHead((random, lines) => lines.filter((_, index) => index !== random.between(1, lines.length))),
  inHead((random, lines) => [...lines, lines[random.between(1, lines.length)] ?? '']),
  inHead((random, [first = '', ...lines]) => [first, ...random.shuffled(lines)]),
  inHead((random, lines) => [...lines, random.pick(ALL_LINES) ?? '']),
  inHead((random, lines) => lines.map(line => (random.next() < 0.3 ? line.replace(/^[^:]+/, name => name.toUpperCase()) : line))),
]

const ALL_LINES: readonly string[] = [...new Set(WHOLE.flatMap(bytes => headOf(bytes).slice(1)))].filter(line => line.length < 1_000)

function replaced(bytes: Buffer, at: number, length: number, put: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + length)])
}

function headOf(bytes: Buffer): string[] {
  const end = bytes.indexOf(BODY)
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end).split(LINE_END)
}

function inHead(change: (random: Random, lines: string[]) => string[]): (random: Random, bytes: Buffer) => Buffer {
  return (random, bytes) => {
    const end = bytes.indexOf(BODY)
    if (end < 0) return bytes
    return Buffer.concat([Buffer.from(change(random, headOf(bytes)).join(LINE_END), 'latin1'), bytes.subarray(end)])
  }
}

/** Changes the body and keeps the declared length correct. */
function inBody(change: (random: Random, body: Buffer) => Buffer): (random: Random, bytes: Buffer) => Buffer {
  return (random, bytes) => {
    const start = bytes.indexOf(BODY) + BODY.length
    if (start < BODY.length || start === bytes.length) return bytes
    const body = change(random, bytes.subarray(start))
    const head = bytes.toString('latin1', 0, start).replace(/^content-length: \d+/m, `content-length: ${body.length}`)
    return Buffer.concat([Buffer.from(head, 'latin1'), body])
  }
}

function pieces(random: Random, bytes: Buffer): Buffer[] {
  const cuts = Array.from({ length: random.pick([0, 0, 1, 2, 5]) }, () => random.between(0, bytes.length + 1)).sort((a, b) => a - b)
  const ends = [...cuts, bytes.length]
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end)).filter(piece => piece.length > 0)
}
