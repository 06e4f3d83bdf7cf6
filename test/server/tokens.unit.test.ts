import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { SettingsError } from '../../src/runtime/settings.ts'
import { pingRoles } from '../../src/server/roles.ts'
import { bearerToken } from '../../src/transport/access/bearer-token.ts'
import { neededRole } from '../../src/transport/access/roles.ts'
import { findToken, parseTokens } from '../../src/transport/access/tokens.ts'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const parse = (text: string) => parseTokens('TOKENS_FILE', text, pingRoles.names)

describe('a file of tokens', () => {
  test('has one line per token, with name, SHA-256 and roles, and may have comments', () => {
    const text = `# who\n\n  dashboard\t${sha256('one')}   read,metrics\r\nload-test ${sha256('two').toUpperCase()} ping\n # end`
    const tokens = parse(text)
    expect(tokens.map(({ name, roles }) => [name, roles])).toEqual([
      ['dashboard', ['read', 'metrics']],
      ['load-test', ['ping']],
    ])
    expect(findToken(tokens, 'two')?.name).toBe('load-test')
    expect(findToken(tokens, 'one')?.name).toBe('dashboard')
    for (const wrong of ['', 'on', 'one ', 'One', sha256('one')]) expect(findToken(tokens, wrong)).toBeUndefined()
  })

  test('may begin with a byte order mark, as some editors write it', () => {
    expect(findToken(parse(`\ufeffone ${sha256('one')} ping\r\n`), 'one')?.name).toBe('one')
  })

  const good = `good ${sha256('good')} ping\n`
  test.each<[string, string]>([
    ['only-a-secret', 'line 2: got 1 words, expected three: name, SHA-256 in hex, and roles'],
    [`a ${sha256('a')} ping read`, 'line 2: got 4 words'],
    [`a secret ping`, 'line 2: got a word that is not a SHA-256, expected 64 hexadecimal digits: the SHA-256 of the token'],
    [`a ${sha256('a').slice(1)} ping`, 'line 2: got a word that is not a SHA-256'],
    [`a ${sha256('a')} secret`, 'line 2: got an unknown role, expected one or more of ping,read,metrics'],
    [`a ${sha256('a')} ping,`, 'line 2: got an unknown role'],
    [`a ${sha256('a')} PING`, 'line 2: got an unknown role'],
    [`s€cret ${sha256('a')} ping`, 'line 2: got an invalid name, expected a name of up to 64 letters, digits and . _ @ -'],
    [`good ${sha256('a')} ping`, 'line 2: got the name of an earlier line, expected a different name for each token'],
    [`a ${sha256('good').toUpperCase()} ping`, 'line 2: got the token of an earlier line, expected each token once'],
    [`a ${sha256('a')} ping\u0000`, 'line 2: got an unknown role'],
  ])('the line %j is rejected by its number and not shown', (line, message) => {
    let refusal: unknown
    try {
      parse(good + line)
    } catch (error) {
      refusal = error
    }
    expect(refusal).toBeInstanceOf(SettingsError)
    expect((refusal as Error).message).toContain(`TOKENS_FILE: ${message}`)
    expect((refusal as Error).message).not.toMatch(/secret|[0-9a-f]{20}/)
  })

  test.each(['', '\n\n', '# nobody\n'])('%j without a token is rejected, because a truncated file would lock out every caller', text => {
    expect(() => parse(text)).toThrow('TOKENS_FILE: got a file without tokens, expected one line per token')
  })

  test('has up to 1000 tokens', () => {
    const lines = (count: number) => Array.from({ length: count }, (_, at) => `n${at} ${sha256(String(at))} ping`).join('\n')
    expect(parse(lines(1_000))).toHaveLength(1_000)
    expect(() => parse(lines(1_001))).toThrow('line 1001: got more tokens, expected at most 1000')
  })
})

describe('the bearer token of a request', () => {
  test.each<[string[], string]>([
    [['Authorization', 'Bearer abc'], 'abc'],
    [['authorization', 'bearer   a-._~+/9=='], 'a-._~+/9=='],
    [['x', 'y', 'AUTHORIZATION', 'BEARER abc '], 'abc'],
    [['authorization', `Bearer ${'a'.repeat(1_000)}`], 'a'.repeat(1_000)],
  ])('%j is %s', (rawHeaders, token) => expect(bearerToken(rawHeaders)).toEqual({ token }))

  test.each<[string[], string]>([
    [[], 'none'],
    [['x-authorization', 'Bearer abc', 'cookie', 'authorization=abc'], 'none'],
    [['authorization', ''], 'a value in another form'],
    [['authorization', 'Bearer'], 'a value in another form'],
    [['authorization', 'Bearer '], 'a value in another form'],
    [['authorization', 'abc'], 'a value in another form'],
    [['authorization', 'Basic YTpi'], 'a value in another form'],
    [['authorization', 'Bearer a b'], 'a value in another form'],
    [['authorization', 'Bearer a, Bearer b'], 'a value in another form'],
    [['authorization', 'Bearer =a'], 'a value in another form'],
    [['authorization', 'Bearer é'], 'a value in another form'],
    [['authorization', 'Bearer abc', 'Authorization', 'Bearer abc'], '2 values'],
    [['authorization', `Bearer ${'a'.repeat(2_000)}`], '2007 characters'],
  ])('%j is not a bearer token', (rawHeaders, got) => expect(bearerToken(rawHeaders)).toMatchObject({ got }))
})

describe('the role that a path needs', () => {
  test.each([
    ['/ping.v1.PingService/Ping', 'ping'],
    ['/ping.v1.PingService/PingBatch', 'ping'],
    ['/ping.v1.PingService/PingStream', 'ping'],
    ['/ping.v1.PingService/PingCount', 'read'],
    ['/ping.v1.PingService/ListBuckets', 'read'],
    ['/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', 'read'],
    ['/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo', 'read'],
    ['/metrics', 'metrics'],
    ['/ping.v1.PingService/Erase', 'read'],
    ['/livez', undefined],
    ['/readyz', undefined],
    ['/healthz', undefined],
    ['/grpc.health.v1.Health/Check', undefined],
    ['/grpc.health.v1.Health/Watch', undefined],
  ])('%s: %s', (path, role) => expect(neededRole(pingRoles, path, 'POST')).toBe(role))
})
