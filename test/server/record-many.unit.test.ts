import { create } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'
import { FailureCode, PingRequestSchema } from '../../src/gen/ping/v1/ping_pb.ts'
import { recordMany } from '../../src/server/ping-service/record-many.ts'
import type { PingRecorder } from '../../src/server/recorder/ping-recorder.ts'
import { silent } from '../ledger/ledger-fixture.ts'

const recorder: PingRecorder = { record: async () => undefined, recordAll: async pings => pings.map(() => undefined) }

test('other calls get a turn while 10 000 malformed pings are refused', async () => {
  const requests = Array.from({ length: 10_000 }, () => create(PingRequestSchema, { pingId: 'x'.repeat(60) }))
  let turns = 0
  const count = (): void => {
    turns++
    next = setImmediate(count)
  }
  let next = setImmediate(count)
  const results = await recordMany(requests, { recorder, log: silent, span: undefined })
  clearImmediate(next)
  expect(results.map(({ failure }) => failure?.code)).toEqual(requests.map(() => FailureCode.INVALID_ARGUMENT))
  expect(turns).toBeGreaterThan(0)
})
