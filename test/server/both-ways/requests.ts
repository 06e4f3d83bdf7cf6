import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { toBinary, create } from '@bufbuild/protobuf'
import { PingCountRequestSchema, PingRequestSchema } from '../../../src/gen/ping/v1/ping_pb.ts'
import { UnaryRequestSchema } from '../../conformance/gen/connectrpc/conformance/v1/service_pb.ts'
import { LAST, type Step } from './conversation.ts'
import { MAX_BODY_BYTES, OUTCOME } from './ports.ts'

/** A conversation, named after what is special about it. */
export type Case = readonly [title: string, steps: readonly Step[]]

export const PING = '/ping.v1.PingService/Ping'
export const COUNT = '/ping.v1.PingService/PingCount'
const LIST = '/ping.v1.PingService/ListBuckets'
const BATCH = '/ping.v1.PingService/PingBatch'
const CHECK = '/grpc.health.v1.Health/Check'
const WATCH = '/grpc.health.v1.Health/Watch'
const ECHO = '/connectrpc.conformance.v1.ConformanceService/Unary'
const ECHO_GET = '/connectrpc.conformance.v1.ConformanceService/IdempotentUnary'
const JSON_TYPE = 'content-type: application/json\r\n'
const PROTO_TYPE = 'content-type: application/proto\r\n'
const ID = '01890a5d-ac96-774b-bcce-b302099a8057'

/** The bytes of a POST. `headers` are complete lines. */
export function post(body: string | Uint8Array, headers = JSON_TYPE, path = PING): Buffer {
  const bytes = Buffer.from(body)
  return Buffer.concat([
    Buffer.from(`POST ${path} HTTP/1.1\r\nhost: ping.example\r\n${headers}content-length: ${bytes.length}\r\n\r\n`, 'latin1'),
    bytes,
  ])
}

function get(query: string, headers = '', path = COUNT, method = 'GET'): string {
  return `${method} ${path}${query} HTTP/1.1\r\nhost: ping.example\r\n${headers}\r\n`
}

function chunked(chunks: readonly string[], headers = JSON_TYPE, trailers = ''): string {
  const body = chunks.map(chunk => `${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`).join('')
  return `POST ${PING} HTTP/1.1\r\nhost: ping.example\r\n${headers}transfer-encoding: chunked\r\n\r\n${body}0\r\n${trailers}\r\n`
}

const at = (timestampMs: number): string => JSON.stringify({ timestampMs: String(timestampMs) })
const coded = (coding: string): string => `${JSON_TYPE}content-encoding: ${coding}\r\n`
const accepting = (coding: string): string => `${JSON_TYPE}accept-encoding: ${coding}\r\n`
const full = 'x'.repeat(MAX_BODY_BYTES)
const echoed = (length: number): string => JSON.stringify({ requestData: Buffer.alloc(length, 'x').toString('base64') })
const wanted = (definition: unknown): string => JSON.stringify({ responseDefinition: definition })

const BODIES = [
  '{}',
  '',
  ' ',
  'null',
  '[]',
  '""',
  '7',
  'true',
  '{',
  '{}}',
  '{} ',
  '\ufeff{}',
  '{"a":1}',
  '{"timestampMs":1,"timestampMs":2}',
  '{"timestampMs":1,"timestamp_ms":2}',
  '{"timestamp_ms":"5"}',
  ...[
    '5',
    '"5"',
    '-5',
    '5.0',
    '"5.0"',
    '5e3',
    '"5e3"',
    '1.75e12',
    '5.5',
    '"05"',
    '05',
    '"0x10"',
    '" 5"',
    '""',
    '"abc"',
    'null',
    'true',
    '{}',
    '[]',
    '1e400',
    '9007199254740993',
    '9223372036854775807',
    '9223372036854775808',
    '-62135596800000',
    '-62135596800001',
    '253402300799999',
    '253402300800000',
    '-0',
    '+5',
    'NaN',
    '"NaN"',
    '0.000e5',
    '1E2',
  ].map(value => `{"timestampMs":${value}}`),
  ...[`"${ID}"`, `"${ID.toUpperCase()}"`, '"7"', '7', 'null', '"\\u0030"', '"\\ud800"', `"${'é'.repeat(400)}"`].map(
    value => `{"pingId":${value}}`,
  ),
  `{"unknown":{"deep":[1,{"a":"b"}]},"timestampMs":"7"}`,
  '{"timestampMs":5,}',
  "{'timestampMs':5}",
  '{"a":"\u0001"}',
  `{"a":${'['.repeat(500)}${']'.repeat(500)}}`,
  ...Object.values(OUTCOME)
    .filter(outcome => outcome !== OUTCOME.never)
    .map(at),
]
const COUNT_BODIES = [
  '{}',
  '{"consistency":"CONSISTENCY_STRONG"}',
  '{"consistency":"STRONG"}',
  '{"consistency":2}',
  '{"consistency":9}',
  '{"consistency":1.5}',
  '{"consistency":null}',
  '{"timeRange":{}}',
  '{"timeRange":{"start":"1","end":"2"}}',
  '{"timeRange":{"start":3,"end":2}}',
  '{"timeRange":{"start":-9223372036854775808,"end":9223372036854775807}}',
  '{"timeRange":[]}',
  '{"timeRange":null}',
  '{"time_range":{"start":"x"}}',
  '{"timeRange":{"start":1,"start":2}}',
  ...Object.values(OUTCOME)
    .filter(outcome => outcome !== OUTCOME.never)
    .map(outcome => JSON.stringify({ timeRange: { start: String(outcome), end: '9000' } })),
]
const DAY = '"timeRange":{"start":"0","end":"86400000"}'
const LIST_BODIES = [
  '{}',
  `{${DAY}}`,
  `{${DAY},"unit":"BUCKET_UNIT_HOUR"}`,
  `{${DAY},"unit":"BUCKET_UNIT_HOUR","timeZone":"Europe/Berlin","consistency":"CONSISTENCY_STRONG"}`,
  `{${DAY},"unit":1,"time_zone":"UTC"}`,
  `{${DAY},"unit":"HOUR"}`,
  `{${DAY},"unit":0}`,
  `{${DAY},"unit":17}`,
  `{${DAY},"unit":"BUCKET_UNIT_DAY","timeZone":7}`,
  `{${DAY},"unit":"BUCKET_UNIT_DAY","timeZone":"\u0055TC"}`,
  '{"timeRange":{"start":3,"end":2},"unit":"BUCKET_UNIT_MINUTE"}',
  ...Object.values(OUTCOME)
    .filter(outcome => outcome !== OUTCOME.never)
    .map(outcome => JSON.stringify({ timeRange: { start: String(outcome), end: '9000' }, unit: 'BUCKET_UNIT_MINUTE' })),
]
const BINARY = [
  '',
  '0802',
  '08ac02',
  '0800',
  '08ffffffffffffffffff01',
  '08',
  '0880',
  '12',
  '1201',
  '120131',
  '0a00',
  'ba060178',
  '0b',
  '0c',
  '07',
  'ff',
  '08018a',
  '1224' + Buffer.from(ID).toString('hex'),
  '1202fffe',
  '0801' + '0802',
  '9206',
  '00',
  ...Object.values(OUTCOME)
    .filter(outcome => outcome !== OUTCOME.never)
    .map(outcome => Buffer.from(toBinary(PingRequestSchema, create(PingRequestSchema, { timestampMs: BigInt(outcome) }))).toString('hex')),
]
const TYPES = [
  'application/json',
  'Application/JSON',
  'application/json; charset=utf-8',
  'application/json;charset=UTF-8',
  'application/json; charset="utf-8"',
  'application/json ; charset=utf8',
  'application/json; charset=latin1',
  'application/json; a=b',
  'application/json;',
  'application/json; charset',
  'application/json, application/json',
  'application/proto',
  'application/PROTO',
  'application/proto; a=b',
  'application/x-protobuf',
  'text/json',
  'text/plain',
  '',
  'application/x-www-form-urlencoded',
  'application/connect+json',
  'application/connect+proto',
  'application/grpc',
  'application/grpc+proto',
  'application/grpc+json',
  'application/grpc-web',
  'application/grpc-web+json',
  'application/grpc-web-text',
  'application/jsonx',
  ' application/json ',
]
const TIMEOUTS = [
  '0',
  '5000',
  '9999999999',
  '10000000000',
  '4294967296',
  '2147483647',
  '2147483648',
  '-1',
  '1.5',
  'abc',
  '',
  '5s',
  '0000005000',
  ' 5000',
  '5000, 5000',
  '٣',
]
const VERSIONS = ['1', '2', '', '01', '1, 1', 'v1', ' 1 ']
const QUERIES = [
  '',
  '?',
  '?encoding=json&message=%7B%7D',
  '?message=%7B%7D&encoding=json',
  '?encoding=proto&message=',
  '?encoding=proto',
  '?encoding=json&message=',
  '?encoding=xml&message=%7B%7D',
  '?encoding=json&message={}',
  '?encoding=json&message=%7B%7D&connect=v1',
  '?encoding=json&message=%7B%7D&connect=v2',
  '?encoding=json&message=%7B%7D&connect=',
  '?encoding=json&message=e30&base64=1',
  '?encoding=json&message=e30%3D&base64=1',
  '?encoding=json&message=e30=&base64=1',
  '?encoding=json&message=e3&base64=1',
  '?encoding=json&message=e&base64=1',
  '?encoding=json&message=%7B%7D&base64=0',
  '?encoding=json&message=%7B%7D&base64=',
  '?encoding=json&message=-_-_&base64=1',
  '?encoding=json&message=%2B%2F&base64=1',
  '?encoding=json&message=!!!&base64=1',
  '?encoding=json&message=%7B%7D&compression=identity',
  '?encoding=json&message=%7B%7D&compression=gzip',
  '?encoding=json&message=%7B%7D&compression=zstd',
  '?encoding=json&message=%7B%7D&compression=',
  '?encoding=json&message=%7B%7D&message=%7B%7D',
  '?encoding=json&encoding=json&message=%7B%7D',
  '?encoding=json&message=%7B%7D&a=b&a=c',
  '?encoding=json&message=%7',
  '?encoding=json&message=%FF',
  '?encoding=json&message=%00',
  '?encoding=json&message=+',
  '?encoding=json&message=%7B%7D#x',
  '?encoding=json&message=é',
  '?encoding=JSON&message=%7B%7D',
  '?Encoding=json&message=%7B%7D',
  `?encoding=json&base64=1&compression=gzip&message=${gzipSync('{"consistency":"CONSISTENCY_STRONG"}').toString('base64url')}`,
  `?encoding=proto&base64=1&compression=br&message=${brotliCompressSync(toBinary(PingCountRequestSchema, create(PingCountRequestSchema, { consistency: 2 }))).toString('base64url')}`,
  `?encoding=json&base64=1&compression=gzip&message=${gzipSync(full + full).toString('base64url')}`,
  `?encoding=json&message=%22${'x'.repeat(3_000)}%22`,
  `?encoding=json&message=${encodeURIComponent('{"timeRange":{"start":3,"end":2}}')}`,
]
const HEADER_LINES = [
  'connection: keep-alive\r\n',
  'connection: close\r\n',
  'Connection: Close\r\n',
  'connection: upgrade\r\nupgrade: h2c\r\n',
  'connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAARAAAAAAAIAAAAA\r\n',
  'connection: x-hop\r\nx-hop: 1\r\n',
  'expect: 100-continue\r\n',
  'expect: 200-ok\r\n',
  'Expect: 100-Continue\r\n',
  'host: two\r\n',
  'content-type: application/proto\r\n',
  'te: trailers\r\n',
  'x-y: 1\r\nX-Y: 2\r\n',
  'x-latin: \xe9\xff\r\n',
  'x-empty:\r\n',
  'x-tab:\ta\t\r\n',
  'origin: http://page.example\r\n',
  'origin: http://other.example\r\n',
  'origin: null\r\n',
  'accept-encoding: gzip\r\n',
  'accept-encoding: br, gzip\r\n',
  'accept-encoding: gzip;q=0\r\n',
  'accept-encoding: *\r\n',
  'content-encoding: identity\r\n',
  'content-encoding: gzip, gzip\r\n',
  'content-encoding: \r\n',
  'content-encoding: compress\r\n',
  'content-encoding: GZIP\r\n',
  'connect-content-encoding: gzip\r\n',
  'authorization: Bearer x\r\n',
  'cookie: a=b\r\ncookie: c=d\r\n',
  'set-cookie: a\r\nset-cookie: b\r\n',
  'grpc-timeout: 1S\r\n',
  'connect-timeout-ms: 5000\r\nconnect-timeout-ms: 6000\r\n',
  'connect-timeout-ms: 5000\r\nconnect-timeout-ms:\r\n',
  'connect-protocol-version: 1\r\nconnect-protocol-version: 1\r\n',
  '__proto__: 1\r\n',
  'constructor: 1\r\n',
  'trailer: x\r\n',
  'if-none-match: *\r\n',
  'range: bytes=0-1\r\n',
  'content-length: 2\r\n',
  'transfer-encoding: identity\r\n',
  'transfer-encoding: gzip, chunked\r\n',
  `x-long: ${'x'.repeat(17_000)}\r\n`,
  ': none\r\n',
  'no colon\r\n',
  'space : 1\r\n',
  ' folded: 1\r\n',
]
const packed: readonly (readonly [string, Uint8Array])[] = [
  ['gzip', gzipSync('{}')],
  ['gzip', gzipSync(at(7))],
  ['gzip', gzipSync('{}').subarray(0, 10)],
  ['gzip', Buffer.concat([gzipSync('{}'), Buffer.from('x')])],
  ['gzip', Buffer.concat([gzipSync('{'), gzipSync('}')])],
  ['gzip', Buffer.from('{}')],
  ['gzip', Buffer.alloc(0)],
  ['gzip', gzipSync(full + full)],
  ['gzip', gzipSync(JSON.stringify(full).slice(2))],
  ['gzip', gzipSync('')],
  ['gzip', gzipSync('[')],
  ['br', brotliCompressSync('{}')],
  ['br', brotliCompressSync(at(7)).subarray(0, 5)],
  ['br', brotliCompressSync(full + full)],
  ['br', Buffer.from('{}')],
  ['deflate', deflateSync('{}')],
  ['zstd', Buffer.from('{}')],
  ['identity', Buffer.from('{}')],
  ['Identity', Buffer.from('{}')],
]
const PINGS = JSON.stringify({
  pings: [...Object.values(OUTCOME).filter(outcome => outcome !== OUTCOME.never), 7].map(timestampMs => ({ timestampMs, pingId: ID })),
})
const BATCHES = [
  '{}',
  '{"pings":[]}',
  '{"pings":[{}]}',
  PINGS,
  '{"pings":[{"timestampMs":"x"}]}',
  '{"pings":[{"timestampMs":1e3,"pingId":"7"},null]}',
  '{"pings":{}}',
  '{"pings":[7]}',
  '{"pings":[{}',
  `{"pings":[${Array.from({ length: 300 }, () => '{}').join()}]}`,
  `{"pings":[{"a":"${full}"}]}`,
  `{"pings":[{"a":"${full + full + full}"}]}`,
]
const COUNT_GET = '?encoding=json&message=%7B%7D'
const METHODS = ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'post', 'PROPFIND']

/** Each is followed by a request that shows whether the connection is still open. */
const table: Case[] = [
  ...BODIES.map((body): Case => [`JSON ${body.slice(0, 60)}`, [post(body)]]),
  ['JSON that is not UTF-8', [post(Buffer.from('7b2261223a22ff227d', 'hex'))]],
  ...COUNT_BODIES.map((body): Case => [`count ${body}`, [post(body, JSON_TYPE, COUNT)]]),
  ...LIST_BODIES.flatMap((body): Case[] => [
    [`buckets ${body}`, [post(body, JSON_TYPE, LIST)]],
    [`buckets by GET ${body}`, [get(`?connect=v1&encoding=json&message=${encodeURIComponent(body)}`, '', LIST)]],
  ]),
  ...['', '0a0010021803', '0a0510011a0355544320021a03', '0a0408001060100222035554', '0a0310c0071002'].map((hex): Case => [
    `binary buckets ${hex}`,
    [post(Buffer.from(hex, 'hex'), PROTO_TYPE, LIST)],
  ]),
  ...BINARY.map((hex): Case => [`binary ${hex}`, [post(Buffer.from(hex, 'hex'), PROTO_TYPE)]]),
  ...BINARY.map((hex): Case => [`binary count ${hex}`, [post(Buffer.from(hex, 'hex'), PROTO_TYPE, COUNT)]]),
  ...BATCHES.map((body): Case => [`batch ${body.slice(0, 60)}`, [post(body, JSON_TYPE, BATCH)]]),
  ['a batch with a long answer in gzip', [post(PINGS, accepting('gzip'), BATCH)]],
  [
    'a batch in gzip',
    [
      post(gzipSync(PINGS), coded('gzip'), BATCH),
      post(gzipSync(`{"a":"${full + full}"}`), coded('gzip'), BATCH),
      post(gzipSync(`{"a":"${full + full + full}"}`), coded('gzip'), BATCH),
    ],
  ],
  ...['', '0a00', '0a020807', '0a0208', '0a', '0a030aff', '0800'].map((hex): Case => [
    `binary batch ${hex}`,
    [post(Buffer.from(hex, 'hex'), PROTO_TYPE, BATCH)],
  ]),
  ...TYPES.map((type): Case => [`content-type ${type}`, [post('{}', `content-type: ${type}\r\n`)]]),
  ['no content-type', [post('{}', '')]],
  ...TIMEOUTS.map((value): Case => [`time-out ${value}`, [post('{}', `${JSON_TYPE}connect-timeout-ms: ${value}\r\n`)]]),
  ...TIMEOUTS.map((value): Case => [`time-out of a GET ${value}`, [get(COUNT_GET, `connect-timeout-ms: ${value}\r\n`)]]),
  ['a time-out that passes before the answer', [post(at(OUTCOME.never), `${JSON_TYPE}connect-timeout-ms: 150\r\n`)]],
  ['a time-out that does not pass', [post(at(OUTCOME.late), `${JSON_TYPE}connect-timeout-ms: 50000\r\n`)]],
  ...VERSIONS.map((value): Case => [`version ${value}`, [post('{}', `${JSON_TYPE}connect-protocol-version: ${value}\r\n`)]]),
  ...QUERIES.flatMap((query): Case[] =>
    ['GET', 'HEAD'].map(method => [`${method} ${query.slice(0, 80)}`, [Buffer.from(get(query, '', COUNT, method))]]),
  ),
  ...['', '?encoding=json&message=%7B%7D', '?a=b'].map((query): Case => [
    `POST with the query ${query}`,
    [post('{}', JSON_TYPE, COUNT + query)],
  ]),
  ...['/', '//', '?', '#a', '%20'].map((after): Case => [`path ${after}`, [post('{}', JSON_TYPE, PING + after)]]),
  ...METHODS.map((method): Case => [`method ${method}`, [get('', `${JSON_TYPE}content-length: 2\r\n`, PING, method), '{}']]),
  ...METHODS.map((method): Case => [`method ${method} of a count`, [get(COUNT_GET, 'content-length: 0\r\n', COUNT, method)]]),
  ...['http://page.example', 'http://other.example'].map((origin): Case => [
    `preflight of ${origin}`,
    [get('', `origin: ${origin}\r\naccess-control-request-method: POST\r\naccess-control-request-headers: x-a, x-b\r\n`, PING, 'OPTIONS')],
  ]),
  ...HEADER_LINES.flatMap((lines): Case[] => [
    [`header ${lines.trim().slice(0, 60)}`, [post('{}', JSON_TYPE + lines)]],
    [`header of a GET ${lines.trim().slice(0, 60)}`, [Buffer.from(get(COUNT_GET, lines), 'latin1')]],
  ]),
  [
    'headers in upper case',
    [
      Buffer.from(
        post(at(7))
          .toString()
          .replace(/^[a-z-]+:/gm, name => name.toUpperCase()),
      ),
    ],
  ],
  ...packed.map(([coding, bytes], index): Case => [`${coding} ${index}`, [post(bytes, coded(coding))]]),
  ...[MAX_BODY_BYTES - 1, MAX_BODY_BYTES, MAX_BODY_BYTES + 1, 3 * MAX_BODY_BYTES].map((length): Case => [
    `a body of ${length} bytes`,
    [post(`{"a":"${full + full + full}`.slice(0, length - 2) + '"}')],
  ]),
  [
    'a declared length over the limit, and no body',
    [`POST ${PING} HTTP/1.1\r\nhost: x\r\n${JSON_TYPE}content-length: 99999\r\n\r\n`, 'end'],
  ],
  [
    'a length that is too large for a number',
    [`POST ${PING} HTTP/1.1\r\nhost: x\r\n${JSON_TYPE}content-length: 99999999999999999999\r\n\r\n`],
  ],
  ['a negative length', [`POST ${PING} HTTP/1.1\r\nhost: x\r\n${JSON_TYPE}content-length: -2\r\n\r\n{}`]],
  ['chunks over the limit', [chunked([full, full, full])]],
  ['chunks', [chunked(['{', '"timest', 'ampMs":', '"7"', '}'])]],
  ['no chunk', [chunked([])]],
  ['chunks and trailers', [chunked(['{}'], `${JSON_TYPE}trailer: x-after\r\n`, 'x-after: 1\r\ncontent-type: text/plain\r\n')]],
  ['chunks with extensions', [chunked(['{}']).replace('\r\n2\r\n', '\r\n2;a="b"\r\n')]],
  ['malformed chunks', [chunked(['{}']).replace('\r\n2\r\n', '\r\nzz\r\n')]],
  ['chunks and a length', [chunked(['{}'], `${JSON_TYPE}content-length: 2\r\n`)]],
  ['HTTP/1.0', [post('{}').toString().replace('HTTP/1.1', 'HTTP/1.0')]],
  ['HTTP/1.0 with keep-alive', [post('{}', `${JSON_TYPE}connection: keep-alive\r\n`).toString().replace('HTTP/1.1', 'HTTP/1.0')]],
  ['GET over HTTP/1.0', [get(COUNT_GET).replace('HTTP/1.1', 'HTTP/1.0')]],
  ['HTTP/1.2', [post('{}').toString().replace('HTTP/1.1', 'HTTP/1.2')]],
  ['HTTP/3.0', [post('{}').toString().replace('HTTP/1.1', 'HTTP/3.0')]],
  ['no host', [post('{}').toString().replace('host: ping.example\r\n', '')]],
  ['an absolute target', [post('{}', JSON_TYPE, `http://ping.example${PING}`)]],
  [
    'another service',
    [
      post('{"service":"ping.v1.PingService"}', JSON_TYPE, CHECK),
      post('{"service":"nobody"}', JSON_TYPE, CHECK),
      post('{"service":7}', JSON_TYPE, CHECK),
      post(Buffer.from('0a00', 'hex'), PROTO_TYPE, CHECK),
    ],
  ],
  ['a stream over a unary type', [post('{}', JSON_TYPE, WATCH)]],
  ['a long answer', [post(echoed(900), JSON_TYPE, ECHO)]],
  ...['gzip', 'br', 'br, gzip', 'identity', 'gzip;q=0', 'zstd', '*', '', 'GZIP'].map((coding): Case => [
    `a long answer in ${coding}`,
    [post(echoed(900), accepting(coding), ECHO)],
  ]),
  [
    'a long answer in binary and gzip',
    [
      post(
        toBinary(UnaryRequestSchema, create(UnaryRequestSchema, { requestData: Buffer.alloc(1_500) })),
        `${PROTO_TYPE}accept-encoding: gzip\r\n`,
        ECHO,
      ),
    ],
  ],
  [
    'a long error in gzip',
    [
      post(
        wanted({
          error: { code: 'CODE_DATA_LOSS', message: 'm', details: [] },
          responseHeaders: [{ name: 'x-a', value: ['b'.repeat(1_200)] }],
        }),
        accepting('gzip'),
        ECHO,
      ),
    ],
  ],
  [
    'a GET with a long answer in gzip',
    [
      get(`?encoding=json&message=${encodeURIComponent(echoed(900))}`, 'accept-encoding: gzip\r\n', ECHO_GET),
      get(`?encoding=json&message=${encodeURIComponent(echoed(900))}`, 'accept-encoding: gzip\r\n', ECHO_GET, 'HEAD'),
    ],
  ],
  [
    'headers and trailers of an answer',
    [
      post(
        wanted({
          responseHeaders: [
            { name: 'X-B', value: ['1', '2'] },
            { name: 'a-header', value: ['x'] },
            { name: 'content-language', value: ['de'] },
            { name: 'set-cookie', value: ['a=1', 'b=2'] },
          ],
          responseTrailers: [
            { name: 'x-t', value: ['1', '2'] },
            { name: 'A', value: ['é'] },
          ],
          responseData: 'AAAA',
        }),
        JSON_TYPE,
        ECHO,
      ),
    ],
  ],
  [
    'headers and trailers of an error',
    [
      post(
        wanted({
          responseHeaders: [
            { name: 'x-b', value: ['1', '2'] },
            { name: 'connection', value: ['close'] },
            { name: 'content-length', value: ['7'] },
          ],
          responseTrailers: [{ name: 'x-t', value: ['1', '2'] }],
          error: {
            code: 'CODE_ABORTED',
            message: 'm',
            details: [{ '@type': 'type.googleapis.com/connectrpc.conformance.v1.Header', name: 'n', value: ['v'] }],
          },
        }),
        JSON_TYPE,
        ECHO,
      ),
    ],
  ],
  ['a header that cannot be sent', [post(wanted({ responseHeaders: [{ name: 'x-b', value: ['a\nb'] }] }), JSON_TYPE, ECHO)]],
  ['an invalid code', [post(wanted({ error: { code: 99, message: 'm' } }), JSON_TYPE, ECHO)]],
  [
    'an Any of an unknown type',
    [post(wanted({ error: { code: 3, details: [{ '@type': 'type.googleapis.com/nobody', a: 1 }] } }), JSON_TYPE, ECHO)],
  ],
  [
    'several pipelined requests',
    [
      Buffer.concat([
        post(at(1)),
        post(at(OUTCOME.late)),
        Buffer.from(get(COUNT_GET)),
        post(at(OUTCOME.conflict)),
        post('{', JSON_TYPE),
        post('{}', 'content-type: application/grpc-web\r\n'),
        post(at(2)),
      ]),
    ],
  ],
  ['slow requests pipelined before fast ones', [Buffer.concat([post(at(OUTCOME.late)), post(at(1)), post(at(OUTCOME.late)), post(at(2))])]],
  ['a request sent byte by byte', [...post(at(7))].map(byte => Buffer.of(byte))],
  ['headers and body sent separately', [post(at(7)).subarray(0, -4), { pauseMs: 20 }, post(at(7)).subarray(-4)]],
  [
    'an answer before the body',
    [
      `POST ${PING} HTTP/1.1\r\nhost: x\r\n${JSON_TYPE}content-length: ${3 * MAX_BODY_BYTES}\r\n\r\n`,
      { until: /resource_exhausted/ },
      full + full + full,
    ],
  ],
  [
    'an answer before the chunks',
    [
      `POST ${PING} HTTP/1.1\r\nhost: x\r\n${JSON_TYPE}transfer-encoding: chunked\r\n\r\n1800\r\n${full + full}`,
      { until: /resource_exhausted/ },
      `${full}\r\n0\r\n\r\n`,
    ],
  ],
  [
    'an error before the body',
    [
      `POST ${PING} HTTP/1.1\r\nhost: x\r\n${JSON_TYPE}connect-timeout-ms: x\r\ncontent-length: 2\r\n\r\n`,
      { until: /invalid_argument/ },
      '{}',
    ],
  ],
  [
    '100-continue with a caller that waits for it',
    [`POST ${PING} HTTP/1.1\r\nhost: x\r\n${JSON_TYPE}expect: 100-continue\r\ncontent-length: 2\r\n\r\n`, { until: /100 Continue/ }, '{}'],
  ],
]

/** Conversations that do not end with the request that closes the connection. */
const endings: readonly Case[] = [
  ['half of the headers', [post('{}').subarray(0, 40), 'end']],
  ['half a body', [post(at(7)).subarray(0, -4), 'end']],
  ['half a chunk', [chunked(['{}']).slice(0, -8), 'end']],
  ['a caller that ends its side and waits', [post(at(OUTCOME.late)), 'end']],
  [
    'a caller that ends its side after several requests',
    [Buffer.concat([post(at(1)), post(at(OUTCOME.late)), post(at(2))]), { pauseMs: 5 }, 'end'],
  ],
  ['a caller that disconnects after the headers', [post(at(7)).subarray(0, -4), { pauseMs: 30 }, 'cut']],
  ['a caller that disconnects before the answer', [post(at(OUTCOME.late)), { pauseMs: 5 }, 'cut']],
  ['empty lines', ['\r\n\r\n', post('{}'), LAST]],
  ['a body that is longer than declared', [post('{}'), '{}', LAST]],
  ['bytes that are not HTTP', ['\x16\x03\x01\x02', 'hello\r\n\r\n', 'end']],
]

export const CASES: readonly Case[] = [...table.map(([title, steps]): Case => [title, [...steps, LAST]]), ...endings]
