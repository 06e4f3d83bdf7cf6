import { fromJsonString } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import { ServerReflectionRequestSchema } from '../../src/gen/grpc/reflection/v1/reflection_pb.ts'
import { PingBatchRequestSchema, PingCountRequestSchema, PingRequestSchema } from '../../src/gen/ping/v1/ping_pb.ts'
import { exactJson, jsonReading } from '../../src/transport/rpc/json-reading.ts'

const INT64 = 'an integer from -9223372036854775808 to 9223372036854775807, as a JSON number or a string'
const NAMES = 'one of CONSISTENCY_UNSPECIFIED, CONSISTENCY_CACHED, CONSISTENCY_STRONG'
const decoded = { ignoreUnknownFields: true }
const timeOf = (value: string) =>
  fromJsonString(PingRequestSchema, exactJson(`{"timestampMs":${value}}`, PingRequestSchema), decoded).timestampMs

describe('an integer of a request in JSON', () => {
  test.each([
    ['0', 0n],
    ['-0', 0n],
    ['"-0"', 0n],
    ['7', 7n],
    ['"-7"', -7n],
    ['1.75e12', 1_750_000_000_000n],
    ['"1.75e12"', 1_750_000_000_000n],
    ['"1.75E+12"', 1_750_000_000_000n],
    ['"1750000000000.0"', 1_750_000_000_000n],
    ['1750000000000.000', 1_750_000_000_000n],
    ['"17500e-2"', 175n],
    ['"0e999999999999999999999"', 0n],
    ['0.0e-5', 0n],
    ['9007199254740993', 9_007_199_254_740_993n],
    ['9.007199254740993e15', 9_007_199_254_740_993n],
    ['9223372036854775807', 2n ** 63n - 1n],
    ['-9223372036854775808.0', -(2n ** 63n)],
    ['"\\u0031\\u0037"', 17n],
    ['0.000000000000000000000000000001e30', 1n],
    ['null', undefined],
  ])('%s is %s', (value, expected) => {
    expect(timeOf(value)).toBe(expected)
  })

  test.each([
    '"0x10"',
    '"0b1"',
    '" 5"',
    '"5 "',
    '"5\\n"',
    '"+5"',
    '"007"',
    '"-01"',
    '""',
    '"1_000"',
    '"1,000"',
    '"١"',
    '"５"',
    '"1."',
    '".5"',
    '"1e"',
    '"--1"',
    '"NaN"',
    '"Infinity"',
    '"1.5"',
    '1.5',
    '"1e400"',
    '1e400',
    '"1e-1"',
    '1750000000000.0000001',
    '9223372036854775808',
    '"-9223372036854775809"',
    '1e19',
    '"5n"',
    'true',
    '"\\u0000"',
  ])('%s is rejected', value => {
    expect(() => timeOf(value)).toThrow(new RegExp(`^timestamp_ms: got [^]+, expected ${INT64}$`))
  })

  test.each([
    ['"0x10"', '"0x10"'],
    ['1.5', '1.5'],
    ['[1]', 'an array'],
    ['{"a":1}', 'an object'],
    [`"${'😀'.repeat(60)}"`, `"${'😀'.repeat(40)}"… (120 characters)`],
    [`"x${'😀'.repeat(60)}"`, `"x${'😀'.repeat(39)}"… (121 characters)`],
    ['"\\u202e\\u0000\\u009b"', '"\\u202e\\u0000\\u009b"'],
  ])('with the value %s is shown as %s', (value, got) => {
    expect(() => timeOf(value)).toThrow(`timestamp_ms: got ${got}, expected ${INT64}`)
  })

  test.each([`1e${'9'.repeat(60_000)}`, `1e-${'9'.repeat(60_000)}`, `1${'0'.repeat(60_000)}1`, `"1.${'0'.repeat(60_000)}1"`])(
    'of 60 000 characters takes no longer than its reading',
    value => {
      expect(() => timeOf(value)).toThrow(INT64)
    },
  )

  test('is found in a nested message, by either name, no matter how its key is written', () => {
    const json = '{"x":{"start":"0x1","y":[{"timeRange":1}]},"time\\u005frange":{"start":" 1"}}'
    expect(() => exactJson(json, PingCountRequestSchema)).toThrow(`time_range.start: got " 1", expected ${INT64}`)
    expect(exactJson('{"time_range":{"start":1e3,"end":"2.0"}}', PingCountRequestSchema)).toBe('{"time_range":{"start":"1000","end":"2"}}')
  })

  test('is found in each item of a repeated message', () => {
    const json = '{"pings":[{"timestampMs":1e3},{"x":[{"timestampMs":1.5}],"timestamp_ms":9007199254740993},{},{"timestampMs":"0x1"}]}'
    expect(() => exactJson(json, PingBatchRequestSchema)).toThrow(`pings[3].timestamp_ms: got "0x1", expected ${INT64}`)
    const exact = exactJson(json.replace('0x1', '5.0'), PingBatchRequestSchema)
    expect(fromJsonString(PingBatchRequestSchema, exact, decoded).pings.map(({ timestampMs }) => timestampMs)).toEqual([
      1_000n,
      9_007_199_254_740_993n,
      undefined,
      5n,
    ])
  })

  test('of 32 bits has its own bounds', () => {
    const extension = (number: string) =>
      exactJson(`{"fileContainingExtension":{"extensionNumber":${number}}}`, ServerReflectionRequestSchema)
    expect(extension('1e2')).toBe('{"fileContainingExtension":{"extensionNumber":"100"}}')
    for (const none of ['"0x10"', '2147483648', '""'])
      expect(() => extension(none)).toThrow(
        /^file_containing_extension\.extension_number: got .*, expected an integer from -2147483648 to 2147483647, /,
      )
  })
})

describe('the name of a consistency in JSON', () => {
  test.each([
    '{"consistency":"STRONG"}',
    '{"consistency":"consistency_strong"}',
    '{"consistency":""}',
    '{"\\u0063onsistency":"STRONG"}',
    '{"consistency":"2"}',
    '{"consistency":2.5}',
    '{"consistency":true}',
    '{"consistency":4294967298}',
  ])('%s is rejected', json => {
    expect(() => exactJson(json, PingCountRequestSchema)).toThrow(new RegExp(`^consistency: got .+, expected ${NAMES}$`))
  })

  test.each([
    '{"consistency":"CONSISTENCY_STRONG"}',
    '{"consistency":2}',
    '{"consistency":null}',
    '{"x":{"consistency":"no"}}',
    '{"consistency":"CONSISTENCY_\\u0053TRONG"}',
  ])('%s is left to the decoder', json => {
    expect(exactJson(json, PingCountRequestSchema)).toBe(json)
  })
})

describe('a request in JSON', () => {
  const read = (bytes: Uint8Array) => jsonReading(PingRequestSchema).jsonOptions.textDecoder.decode(bytes)

  test.each([
    '{"timestampMs":007}',
    '{"timestampMs":+1}',
    '{"timestampMs":1}x',
    '{"timestampMs":1,}',
    "{'a':1}",
    '{"a":NaN}',
    '{"a":1',
    '',
    '{"a":"\n"}',
  ])('that is malformed, %j, is rejected with the reason', json => {
    expect(() => exactJson(json, PingRequestSchema)).toThrow(
      /^request body: got malformed JSON \([^]+\), expected a JSON object such as \{\}$/,
    )
  })

  test('may begin with a byte order mark', () => {
    expect(read(new TextEncoder().encode('\ufeff{}'))).toBe('{}')
  })

  test('is UTF-8', () => {
    expect(() => read(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d))).toThrow(
      'request body: got bytes that are not UTF-8, expected JSON in UTF-8',
    )
  })

  test('may have up to 10 000 items in a repeated field', () => {
    const items = (count: number) =>
      `{"pings":[${Array.from({ length: count }, () => '{"pingId":"","timestampMs":"1"}').join()}],"x":[${'1,'.repeat(20_000)}1]}`
    expect(exactJson(items(10_000), PingBatchRequestSchema)).toBe(items(10_000))
    expect(() => exactJson(items(10_001), PingBatchRequestSchema)).toThrow('pings: got more than 10000, expected at most 10000')
  })

  test.each([`{"a":"${'\\"'.repeat(500_000)}"}`, `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`, `{"a":"${'x'.repeat(2_000_000)}"}`])(
    'may be long and deep',
    json => {
      expect(exactJson(json, PingRequestSchema)).toBe(json)
    },
  )
})
