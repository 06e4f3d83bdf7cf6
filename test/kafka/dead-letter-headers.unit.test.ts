import type { IHeaders } from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { deadLetterHeaders, headerBytes } from '../../src/kafka/dead-letter-headers.ts'

const OURS = { reason: 'why', offset: '7' }

describe("a dead letter's headers", () => {
  test("are the record's own headers and ours", () => {
    const own = { trace: 'a', several: ['b', Buffer.from('c')], '': 'no name' }
    expect(deadLetterHeaders(own, 'ping-', OURS)).toEqual({ ...own, 'ping-reason': 'why', 'ping-offset': '7' })
    expect(deadLetterHeaders(undefined, 'ping-', OURS)).toEqual({ 'ping-reason': 'why', 'ping-offset': '7' })
  })

  test("keep all of the record's own headers, even if they are named like ours", () => {
    const own = { 'ping-reason': '1', 'original.ping-reason': '2', 'original.original.ping-reason': '3', 'original.': '4', 'ping-': '5' }
    const headers = deadLetterHeaders(own, 'ping-', OURS)
    expect(headers).toEqual({
      'original.ping-reason': '1',
      'original.original.ping-reason': '2',
      'original.original.original.ping-reason': '3',
      'original.original.': '4',
      'original.ping-': '5',
      'ping-reason': 'why',
      'ping-offset': '7',
    })
    expect(Object.keys(deadLetterHeaders(headers, 'ping-', OURS))).toHaveLength(Object.keys(headers).length + 2)
  })

  test('without a value, which kafkajs cannot write, become empty', () => {
    const own = { none: null, some: ['a', null] } as unknown as IHeaders
    expect(deadLetterHeaders(own, 'ping-', {})).toEqual({ none: '', some: ['a', ''] })
    expect(headerBytes(own)).toBe(4 + 4 + 1 + 4)
  })

  test('named as a property of all objects, which kafkajs reads twice, are written once', () => {
    const own = { toString: [{}.toString, Buffer.from('a')], constructor: [Object, null] } as unknown as IHeaders
    expect(deadLetterHeaders(own, 'ping-', {})).toEqual({ toString: Buffer.from('a'), constructor: '' })
    expect(headerBytes(own)).toBe(8 + 1 + 11)
  })
})
