import { isIP } from 'node:net'

/**
 * Strict settings. A program declares a table of settings. `readSettings` turns an environment into
 * typed values, or throws one `SettingsError` with every wrong setting, the value got and what was
 * expected. docs/configuration.md is generated from the same tables.
 */

/** One setting: the environment variable that carries it, and how its text becomes a value. */
export interface Setting<T> {
  readonly env: string
  /** What the setting is for, one sentence, with the unit. */
  readonly help: string
  /** What a valid text looks like, for messages and docs. */
  readonly expected: string
  /** The value when the variable is absent or empty. */
  readonly fallback: T
  /** True if the value must never be printed. */
  readonly secret: boolean
  /** The value of a text, or undefined if the text is malformed. May throw a `SettingsError` with more details. */
  readonly parse: (text: string) => T | undefined
  /** Another environment variable: if it is set, this one is ignored. */
  readonly unless?: string | undefined
}

export type SettingsTable = Readonly<Record<string, Setting<unknown>>>
export type SettingsOf<Table extends SettingsTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Setting<infer T> ? T : never
}
export type Environment = Readonly<Record<string, string | undefined>>

/** Makes the start fail. `message` has one line for each wrong setting. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}

/** What the setting names, such as a port, is in use. It may become free, so the same start may succeed later. */
export class InUseError extends SettingsError {}

/** Reads every setting of `table` from `env`. Throws `SettingsError`. */
export function readSettings<Table extends SettingsTable>(table: Table, env: Environment): SettingsOf<Table> {
  const values: Record<string, unknown> = {}
  const wrong: string[] = []
  for (const [name, setting] of Object.entries(table)) {
    const text = setting.unless === undefined || !env[setting.unless] ? env[setting.env] : undefined
    if (text === undefined || text === '') {
      values[name] = setting.fallback
      continue
    }
    const value = parsed(setting, text)
    if (value instanceof SettingsError) wrong.push(value.message)
    else values[name] = value
  }
  if (wrong.length > 0) throw new SettingsError(wrong.join('\n'))
  return values as SettingsOf<Table>
}

function parsed(setting: Setting<unknown>, text: string): unknown {
  try {
    const value = setting.parse(text)
    return value === undefined
      ? new SettingsError(`${setting.env}: got ${shown(setting, text)}, expected ${setting.expected}${aboutServiceLink(setting, text)}`)
      : value
  } catch (error) {
    if (error instanceof SettingsError) return error
    throw error
  }
}

/** Kubernetes sets NAME_PORT=tcp://… in every pod for each service of the namespace, which may be the name of a setting. */
function aboutServiceLink({ env, secret }: Setting<unknown>, text: string): string {
  if (secret || !/^(tcp|udp|sctp):\/\//i.test(text)) return ''
  return `. This is a Kubernetes service link, not a setting: turn service links off (enableServiceLinks: false in the pod), or set ${env}`
}

function shown(setting: Setting<unknown>, text: string): string {
  // A value with an @ may be a URL in the wrong setting, including a password.
  return setting.secret || text.includes('@') ? 'a value that is not shown (secret)' : JSON.stringify(text)
}

interface Described<T> {
  readonly help: string
  readonly fallback: T
}

/** An integer in [min, max]; `undefined` if absent and without a fallback. Ignored if the variable `unless` is set. */
export function integer<T extends number | undefined>(
  env: string,
  options: Described<T> & { min: number; max: number; unless?: string | undefined },
): Setting<number | T> {
  const { min, max, help, fallback, unless } = options
  return {
    env,
    unless,
    help,
    fallback,
    secret: false,
    expected: `an integer from ${min} to ${max}`,
    parse: text => {
      const value = /^-?\d{1,15}$/.test(text) ? Number(text) : NaN
      return value >= min && value <= max ? value : undefined
    },
  }
}

/** Any non-empty string; `undefined` if absent and without a fallback. `check` throws a `SettingsError` with the fault. */
export function text<T extends string | undefined>(
  env: string,
  options: Described<T> & { secret?: boolean; expected?: string; pattern?: RegExp; check?: (text: string) => unknown },
): Setting<string | T> {
  const { help, fallback, secret = false, expected = 'a string', pattern, check } = options
  const parse = (got: string): string | undefined => {
    if (pattern && !pattern.test(got)) return undefined
    check?.(got)
    return got
  }
  return { env, help, fallback, secret, expected, parse }
}

/** The name or address of one host, without a port; with `sockets` also the folder of a socket. */
export function host<T extends string | undefined>(env: string, options: Described<T> & { sockets?: boolean }): Setting<string | T> {
  const { help, fallback, sockets = false } = options
  return {
    env,
    help,
    fallback,
    secret: false,
    expected: `the name or address of one host, without a port${sockets ? ', or the folder of a socket' : ''}`,
    parse: got => {
      const bare = got.replace(/^\[(.*)\]$/s, '$1')
      const isHost = isIP(bare) > 0 || /^[\p{L}\p{N}_.-]+$/u.test(got) || (sockets && /^\/[^\s,]*$/.test(got))
      return isHost ? bare : undefined
    },
  }
}

/** One of a fixed list of lower-case words. Case is ignored, because Kafka writes SCRAM-SHA-512, and LOG_LEVEL=INFO is common. */
export function choice<const Word extends string, T extends Word | undefined>(
  env: string,
  words: readonly Word[],
  options: Described<T>,
): Setting<Word | T> {
  return {
    env,
    help: options.help,
    fallback: options.fallback,
    secret: false,
    expected: `one of ${words.join(', ')}`,
    parse: got => words.find(word => word === got.toLowerCase()),
  }
}

/** `true` or `false`. */
export function flag(env: string, options: Described<boolean>): Setting<boolean> {
  return {
    env,
    help: options.help,
    fallback: options.fallback,
    secret: false,
    expected: 'true or false',
    parse: got => (got === 'true' ? true : got === 'false' ? false : undefined),
  }
}

/** A comma-separated list of one or more strings, each of which matches `pattern`. */
export function list(
  env: string,
  options: Described<readonly string[]> & { pattern: RegExp; expected: string },
): Setting<readonly string[]> {
  const { help, fallback, pattern, expected } = options
  return {
    env,
    help,
    fallback,
    secret: false,
    expected,
    parse: got => {
      const items = got.split(',').map(item => item.trim())
      return items.every(item => pattern.test(item)) ? items : undefined
    },
  }
}
