import { fromBinary } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'
import { PING_BYTES, writePings } from '../../bench/contenders/clients/write-pings.ts'
import { PingBatchRequestSchema } from '../../src/gen/ping/v1/ping_pb.ts'

test('protobuf reads the pings that the bench encodes by hand', () => {
  const ids = ['0197723e-6b00-7000-8000-000000000001', '0197723e-6b00-7000-8000-000000000002']
  const timestampMs = 1_764_331_199_999
  const bytes = Buffer.alloc(3 + 2 * PING_BYTES)
  writePings(bytes, 3, { count: 2, timestampMs, newId: () => ids.shift() ?? '' })
  const { pings } = fromBinary(PingBatchRequestSchema, bytes.subarray(3))
  expect(pings.map(({ pingId, timestampMs }) => [pingId, timestampMs])).toEqual([
    ['0197723e-6b00-7000-8000-000000000001', BigInt(timestampMs)],
    ['0197723e-6b00-7000-8000-000000000002', BigInt(timestampMs)],
  ])
})
