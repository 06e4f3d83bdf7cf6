import { hash, timingSafeEqual } from 'node:crypto'
import { SettingsError } from '../../runtime/settings.ts'

/** An accepted token: its name, its SHA-256 and its roles. */
export interface Token {
  readonly name: string
  readonly sha256: Buffer
  readonly roles: readonly string[]
}

const NAME = /^[A-Za-z0-9][\w.@-]{0,63}$/
const SHA256 = /^[0-9a-f]{64}$/i
/** Limited because each call is compared with all of them. */
const MAX_TOKENS = 1_000

/**
 * Reads a file of tokens, which may have the roles `roleNames`: one line per token with name, SHA-256 in hex and roles; `#` begins a comment line. Throws `SettingsError`,
 * which names lines by number and shows nothing of them: they may contain a token by mistake.
 */
export function parseTokens(setting: string, text: string, roleNames: readonly string[]): readonly Token[] {
  const tokens: Token[] = []
  const refuse = (line: number, got: string, expected: string): never => {
    throw new SettingsError(`${setting}: line ${line}: got ${got}, expected ${expected}`)
  }
  // Some editors begin a file with a byte order mark.
  for (const [index, line] of text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .entries()) {
    const words = line.split(/[ \t]+/).filter(Boolean)
    if (words.length === 0 || line.trimStart().startsWith('#')) continue
    const at = index + 1
    const [name = '', sha256 = '', roles = ''] = words
    if (words.length !== 3) refuse(at, `${words.length} words`, 'three: name, SHA-256 in hex, and roles')
    if (!NAME.test(name)) refuse(at, 'an invalid name', 'a name of up to 64 letters, digits and . _ @ -')
    if (!SHA256.test(sha256)) refuse(at, 'a word that is not a SHA-256', '64 hexadecimal digits: the SHA-256 of the token')
    const known = roles
      .split(',')
      .map(word => roleNames.find(role => role === word) ?? refuse(at, 'an unknown role', `one or more of ${roleNames.join(',')}`))
    const token = { name, sha256: Buffer.from(sha256, 'hex'), roles: known }
    if (tokens.some(other => other.name === name)) refuse(at, 'the name of an earlier line', 'a different name for each token')
    if (tokens.some(other => other.sha256.equals(token.sha256))) refuse(at, 'the token of an earlier line', 'each token once')
    if (tokens.push(token) > MAX_TOKENS) refuse(at, 'more tokens', `at most ${MAX_TOKENS}`)
  }
  if (tokens.length === 0)
    throw new SettingsError(`${setting}: got a file without tokens, expected one line per token: name, SHA-256 in hex, and roles`)
  return tokens
}

/** Finds the token of this text. Compares with all tokens in constant time, so that the time reveals nothing about them. */
export function findToken(tokens: readonly Token[], text: string): Token | undefined {
  const sha256 = hash('sha256', text, 'buffer')
  let found: Token | undefined
  for (const token of tokens) {
    if (timingSafeEqual(token.sha256, sha256)) found = token
  }
  return found
}
