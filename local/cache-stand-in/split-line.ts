const [BACKSLASH, DOUBLE, SINGLE] = [0x5c, 0x22, 0x27]
const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, b: 8, a: 7 }

/** The arguments of a typed line, with Redis' rules for quotes, or undefined if a quote is not closed. */
export function splitLine(line: Buffer): string[] | undefined {
  const args: string[] = []
  const word = Buffer.alloc(line.length)
  let at = 0
  for (;;) {
    while (isBlank(line[at])) at++
    if (at >= line.length) return args
    let length = 0
    let quote: number | undefined
    for (; quote !== undefined || !(endsWord(line[at]) || at >= line.length); at++) {
      if (at >= line.length) return undefined
      const byte = line[at]!
      if (quote === undefined && (byte === DOUBLE || byte === SINGLE)) quote = byte
      else if (byte === quote) {
        if (at + 1 < line.length && !isBlank(line[at + 1])) return undefined
        quote = undefined
      } else if (byte === BACKSLASH && quote !== undefined) {
        const escaped = escapeAt(line, at, quote)
        word[length++] = escaped.byte
        at += escaped.skip
      } else word[length++] = byte
    }
    args.push(word.toString('latin1', 0, length))
  }
}

/** The byte that a backslash inside quotes stands for, and how many more bytes it consumes. */
function escapeAt(line: Buffer, at: number, quote: number): { readonly byte: number; readonly skip: number } {
  const next = line[at + 1]
  if (quote === SINGLE) return next === SINGLE ? { byte: SINGLE, skip: 1 } : { byte: BACKSLASH, skip: 0 }
  const hex = /^\\x([0-9a-f]{2})/i.exec(line.toString('latin1', at, at + 4))?.[1]
  if (hex !== undefined) return { byte: Number.parseInt(hex, 16), skip: 3 }
  if (next === undefined) return { byte: BACKSLASH, skip: 0 }
  return { byte: ESCAPES[String.fromCharCode(next)] ?? next, skip: 1 }
}

/** Fewer bytes than may separate words. */
function endsWord(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x0a
}

/** As C's isspace. */
function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d)
}
