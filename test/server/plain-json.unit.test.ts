import { fromJsonString, toBinary, type DescMessage } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import { RetryInfoSchema } from '../../src/gen/google/rpc/error_details_pb.ts'
import { HealthCheckRequestSchema, HealthCheckResponseSchema } from '../../src/gen/grpc/health/v1/health_pb.ts'
import { ErrorResponseSchema, ListServiceResponseSchema } from '../../src/gen/grpc/reflection/v1/reflection_pb.ts'
import { PingCountRequestSchema, PingRequestSchema } from '../../src/gen/ping/v1/ping_pb.ts'
import { exactJson } from '../../src/transport/rpc/json-reading.ts'
import { plainJson } from '../../src/transport/rpc/plain-json.ts'
import { seededRandom } from '../support/random.ts'

const ID = '01890a5d-ac96-774b-bcce-b302099a8057'
const read = (desc: DescMessage, json: string) => plainJson(desc)(Buffer.from(json))
const decoded = (desc: DescMessage, json: string) => fromJsonString(desc, exactJson(json, desc), { ignoreUnknownFields: true })
const bytesOf = (desc: DescMessage, message: Parameters<typeof toBinary>[1]) => Buffer.from(toBinary(desc, message)).toString('hex')

/** JSON that the plain reader accepts. */
const PLAIN: readonly (readonly [DescMessage, string])[] = [
  [PingRequestSchema, '{}'],
  [PingRequestSchema, ' { } \n'],
  [PingRequestSchema, `{"pingId":"${ID}","timestampMs":"1764327000000"}`],
  [PingRequestSchema, `{ "ping_id" : "${ID}" ,\t"timestamp_ms" : -62135596800000 }\r\n`],
  [PingRequestSchema, '{"timestampMs":0,"pingId":""}'],
  [PingRequestSchema, '{"timestampMs":"-1"}'],
  [PingCountRequestSchema, '{"timeRange":{"start":"0","end":60000},"consistency":"CONSISTENCY_STRONG"}'],
  [PingCountRequestSchema, '{"time_range":{},"consistency":"CONSISTENCY_UNSPECIFIED"}'],
  [HealthCheckRequestSchema, '{"service":"ping.v1.PingService"}'],
  [HealthCheckResponseSchema, '{"status":"SERVING"}'],
  [ErrorResponseSchema, '{"errorCode":-5,"errorMessage":"a"}'],
  [ListServiceResponseSchema, '{"service":[]}'],
  [ListServiceResponseSchema, '{"service":[{"name":"a"}, {} ,{"name":"b"} ]}'],
]

/** JSON that is left to the decoder, which may accept or reject it. */
const OTHER: readonly (readonly [DescMessage, string])[] = [
  ...[
    '',
    '[]',
    'null',
    '{',
    '{}}',
    '{},',
    '{"pingId"}',
    '{"pingId":}',
    '{"pingId":"a"',
    '{"pingId":"a",}',
    '{,}',
    '{"pingId":"a"}x',
    '\ufeff{}',
    "{'pingId':'a'}",
  ].map(json => [PingRequestSchema, json] as const),
  ...['"a\\u0062"', '"é"', '"\u007f"', '"a\tb"', 'null', 'true', '7', '{}', '["a"]'].map(
    value => [PingRequestSchema, `{"pingId":${value}}`] as const,
  ),
  ...['1.0', '1e3', '"1e3"', '+1', '-0', '00', '"007"', '0x10', '""', '"-"', '-', '1a', '9999999999999999', '"1 "', '{}', 'null'].map(
    value => [PingRequestSchema, `{"timestampMs":${value}}`] as const,
  ),
  ...['{"pingId":"a","pingId":"b"}', '{"pingId":"a","ping_id":"b"}', '{"other":1}', '{"__proto__":{}}', '{"":""}'].map(
    json => [PingRequestSchema, json] as const,
  ),
  ...['1', '"STRONG"', '"consistency_strong"'].map(value => [PingCountRequestSchema, `{"consistency":${value}}`] as const),
  [ErrorResponseSchema, '{"errorCode":1234567890}'],
  [ListServiceResponseSchema, '{"service":[{},]}'],
  [ListServiceResponseSchema, '{"service":[null]}'],
  [RetryInfoSchema, '{"retryDelay":"1.5s"}'],
]

describe('the fast reader of JSON', () => {
  test.each(PLAIN)('reads %s %s as the decoder does', (desc, json) => {
    const message = read(desc, json)
    expect(message).toBeDefined()
    expect(bytesOf(desc, message!)).toBe(bytesOf(desc, decoded(desc, json)))
    expect(message).toEqual(decoded(desc, json))
  })

  test.each(OTHER)('leaves %s %j to the decoder', (desc, json) => {
    expect(read(desc, json)).toBeUndefined()
  })

  test('never reads what the decoder rejects, and never reads anything differently', () => {
    const random = seededRandom(7)
    const pieces = [
      '{',
      '}',
      '"',
      ':',
      ',',
      '[',
      ']',
      ' ',
      '\\',
      '0',
      '1',
      '-',
      '.',
      'e',
      'null',
      'é',
      '\0',
      '"pingId"',
      '"timestampMs"',
      '"timeRange":{"start":1,"end":2}',
      '"consistency":"CONSISTENCY_CACHED"',
      ID,
    ]
    let taken = 0
    for (let round = 0; round < 20_000; round++) {
      const [desc, start] = random.pick(PLAIN)
      let json = start
      for (let change = 0; change < 1 + (round % 3); change++) {
        const at = random.between(0, json.length + 1)
        json = json.slice(0, at) + (random.next() < 0.6 ? random.pick(pieces) : '') + json.slice(at + random.between(0, 3))
      }
      const message = read(desc, json)
      if (message === undefined) continue
      taken++
      expect([json, bytesOf(desc, message)]).toEqual([json, bytesOf(desc, decoded(desc, json))])
    }
    expect(taken).toBeGreaterThan(500)
  })
})
