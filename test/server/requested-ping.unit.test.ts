import { create } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import { PingRequestSchema } from '../../src/gen/ping/v1/ping_pb.ts'
import { requestedPing } from '../../src/server/ping-service/requested-ping.ts'
import { InvalidInputError } from '../../src/transport/rpc/invalid-input.ts'

const requested = (init: { timestampMs?: bigint; pingId?: string }) => requestedPing(create(PingRequestSchema, init))

describe('a requested ping', () => {
  test.each([-62_135_596_800_000n, -1n, 0n, 1n, 253_402_300_799_999n])('may have the time %s', timestampMs => {
    expect(requested({ timestampMs }).timestampMs).toBe(timestampMs)
  })

  test.each([-62_135_596_800_001n, 253_402_300_800_000n, -(2n ** 63n), 2n ** 63n - 1n])('may not have the time %s', timestampMs => {
    expect(() => requested({ timestampMs })).toThrow(
      new InvalidInputError(`timestamp_ms: got ${timestampMs}, expected ms of the years 0001 to 9999: -62135596800000 to 253402300799999`),
    )
  })

  test('has no time if the caller gave none', () => {
    expect(requested({}).timestampMs).toBeUndefined()
  })

  test.each([
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    '01890a5d-ac96-774b-bcce-b302099a8057',
    '01890A5D-AC96-774B-BCCE-B302099A8057',
    'c232ab00-9414-11ec-b3c8-9f6bdeced846',
  ])('may have the id %s, which is converted to lower case', pingId => {
    expect(requested({ pingId })).toEqual({ id: pingId.toLowerCase(), timestampMs: undefined, idGiven: true })
  })

  test.each([
    'x',
    '01890a5d-ac96-774b-bcce-b302099a805',
    '01890a5dac96774bbcceb302099a8057',
    '{01890a5d-ac96-774b-bcce-b302099a8057}',
    ' 01890a5d-ac96-774b-bcce-b302099a8057',
    '01890a5d-ac96-774b-bcce-b302099a8057\n',
  ])('may not have the id %j', pingId => {
    expect(() => requested({ pingId })).toThrow(`ping_id: got ${JSON.stringify(pingId)}, expected a UUID as a string`)
  })

  test('gets a new UUIDv7 if the caller gave no id', () => {
    const beganMs = Date.now()
    const made = Array.from({ length: 1_000 }, () => requested({}))
    expect(new Set(made.map(({ id }) => id)).size).toBe(1_000)
    for (const { id, idGiven } of made) {
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      expect(idGiven).toBe(false)
      const atMs = Number.parseInt(id.replace('-', '').slice(0, 12), 16)
      expect(atMs >= beganMs && atMs <= Date.now()).toBe(true)
    }
  })

  test('repeats only the beginning of a long id in the error message', () => {
    expect(() => requested({ pingId: 'x'.repeat(60_000) })).toThrow(/^ping_id: got "x{80}"… \(60000 characters\), expected/)
  })
})
