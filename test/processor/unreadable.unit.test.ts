import { createRequire } from 'node:module'
import type { KafkaMessage } from 'kafkajs'
import { expect, test } from 'vitest'
import { unreadableBatch, unreadableRecords } from '../../src/kafka/unreadable-records.ts'

const require = createRequire(import.meta.url)
const Decoder = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => { readVarIntBytes(): Buffer }
const decodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0/decoder') as (decoder: object, context: object) => KafkaMessage

test('of an unreadable batch kafkajs reads as many records as it has: the first holds the batch, the others refer to it, with rising offsets', () => {
  const batch = Buffer.from([1, 2, 3])
  const decoder = new Decoder(unreadableRecords(batch, 'no such codec'))
  const records = Array.from({ length: 2 ** 18 }, () =>
    decodeRecord(new Decoder(decoder.readVarIntBytes()), { firstOffset: '1000', firstTimestamp: '5' }),
  )
  expect(records[0]).toMatchObject({ offset: '1000', value: batch, key: null, timestamp: '5' })
  expect(unreadableBatch(records[0]!)).toEqual({ reason: 'no such codec' })
  expect(records.findIndex(({ offset }, index) => offset !== String(1_000 + index))).toBe(-1)
  expect(records.slice(1).findIndex(record => record.value !== null || unreadableBatch(record) !== 'rest')).toBe(-1)
})

test('an unreadable batch may be larger than a megabyte', () => {
  const batch = Buffer.alloc(1_500_000, 7)
  const decoder = new Decoder(unreadableRecords(batch, ''))
  expect(decodeRecord(new Decoder(decoder.readVarIntBytes()), { firstOffset: '0', firstTimestamp: '0' }).value).toEqual(batch)
})

test('no other record is taken for one of an unreadable batch', () => {
  expect(unreadableBatch({} as KafkaMessage)).toBeUndefined()
  expect(unreadableBatch({ headers: { other: 'x' } } as unknown as KafkaMessage)).toBeUndefined()
})
