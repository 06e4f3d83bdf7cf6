import type { Environment } from '../../runtime/settings.ts'

/** What the user's terminal can show, as the environment says. */
export interface Terminal {
  /** Characters outside ASCII: only in a UTF-8 locale. */
  readonly unicode: boolean
  /** The next line may overwrite a line: not on a dumb terminal. */
  readonly redraws: boolean
  /** Escape sequences: not on a dumb terminal, nor with NO_COLOR. */
  readonly escapes: boolean
}

/** POSIX: LC_ALL overrides LC_CTYPE, which overrides LANG; without any of them the locale is C. */
export function terminalOf(env: Environment): Terminal {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || 'C'
  const redraws = (env['TERM'] || 'dumb') !== 'dumb'
  return { unicode: /\.utf-?8(@|$)/i.test(locale), redraws, escapes: redraws && !env['NO_COLOR'] }
}

const ASCII: Readonly<Record<string, string>> = { '█': '#', '░': '.', '→': '->', '−': '-', '–': '-', '·': '|', '…': '...' }

/** The text with pingcli's own symbols in ASCII where the terminal has no others. */
export function shownOn({ unicode }: Pick<Terminal, 'unicode'>, text: string): string {
  return unicode ? text : text.replace(/[█░→−–·…]/g, symbol => ASCII[symbol] ?? symbol)
}
