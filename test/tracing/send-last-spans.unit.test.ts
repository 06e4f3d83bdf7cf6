import { pino } from 'pino'
import { expect, test } from 'vitest'
import { sendLastSpans } from '../../src/tracing/send-last-spans.ts'

/** The log lines, by level and message, of a stop with this last sending. */
async function linesOf(send: () => Promise<void>): Promise<readonly (readonly [number, string])[]> {
  const lines: (readonly [number, string])[] = []
  const write = (line: string): void => {
    const { level, msg } = JSON.parse(line) as { level: number; msg: string }
    lines.push([level, msg])
  }
  await sendLastSpans(send, pino({ level: 'debug' }, { write }), 1)
  return lines
}

test('a stop says nothing of spans that were sent', async () => expect(await linesOf(() => Promise.resolve())).toEqual([]))

test('a stop ends and warns if the last spans are not sent in time', async () =>
  expect(await linesOf(() => new Promise(() => undefined))).toEqual([
    [40, 'traces: the last spans were not sent within 1 ms; they are lost'],
  ]))

test('a stop ends if the last sending fails', async () =>
  expect(await linesOf(() => Promise.reject(new Error('no')))).toEqual([[20, 'traces: the last spans were not sent']]))
