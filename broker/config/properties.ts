/** One entry of a properties file. */
export interface Property {
  readonly key: string
  readonly value: string
  /** The number of its first line, from 1. */
  readonly line: number
}

/** The text is not a valid properties file. */
export class PropertiesError extends Error {
  override readonly name = 'PropertiesError'
}

const LINE_END = /\r\n|\r|\n/
const COMMENT = /^[#!]/
const SPACE_BEFORE = /^[ \t\f]+/
/** The key ends at the first `=`, `:` or space that has no backslash before it. There may be space around the separator. */
const KEY = /^((?:\\.|[^\\=: \t\f])*)[ \t\f]*[=:]?[ \t\f]*/s
const ESCAPE = /\\(u[\da-fA-F]{4}|.|$)/gs
const ESCAPED: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

/**
 * Reads a text in Java's properties format: `key=value`, `key: value` or `key value`, comments with `#` or `!`, lines that
 * a backslash continues, and the escapes of Java. A malformed \u escape throws `PropertiesError`.
 */
export function parseProperties(text: string): readonly Property[] {
  return logicalLines(text.replace(/^\uFEFF/, '')).map(({ content, line }) => {
    const [whole = '', key = ''] = KEY.exec(content) ?? []
    return { key: unescape(key, line), value: unescape(content.slice(whole.length), line), line }
  })
}

interface LogicalLine {
  readonly line: number
  content: string
}

/** The lines that are neither empty nor comments; lines that a backslash continues are joined. */
function logicalLines(text: string): readonly LogicalLine[] {
  const lines: LogicalLine[] = []
  let open: LogicalLine | undefined
  for (const [index, raw] of text.split(LINE_END).entries()) {
    const part = raw.replace(SPACE_BEFORE, '')
    if (open === undefined && (part === '' || COMMENT.test(part))) continue
    const line = open ?? { content: '', line: index + 1 }
    const isContinued = endsOpen(part)
    line.content += isContinued ? part.slice(0, -1) : part
    if (open === undefined && line.content !== '') lines.push(line)
    open = isContinued && line.content !== '' ? line : undefined
  }
  return lines
}

/** Whether a line ends in a backslash that is not itself escaped. */
function endsOpen(line: string): boolean {
  return ((/\\+$/.exec(line)?.[0].length ?? 0) & 1) === 1
}

function unescape(text: string, line: number): string {
  return text.replace(ESCAPE, (_, what: string) => {
    if (what.length > 1) return String.fromCharCode(Number.parseInt(what.slice(1), 16))
    if (what === 'u') throw new PropertiesError(`line ${line}: got ${JSON.stringify(text)}, expected four hexadecimal digits after \\u`)
    return ESCAPED[what] ?? what
  })
}
