/** "behind" that does not follow a word of lagging, such as "3 behind its head" or "the cache is far behind". */
const BEHIND_WITHOUT_LAG = /(?<!\b(?:lags?|lagging|falls?|is|far|pings|permanently|really) |\d |\} )\bbehind\b/i

/** Expressions that are never right in this code, each with what to write instead. CONTRIBUTING.md, "Words", has the whole table. */
export const PAIRS: readonly (readonly [found: RegExp, instead: string])[] = [
  [/\bill-?formed\b/i, 'malformed'],
  [/\bfor ever\b/i, 'permanently, or forever'],
  [/\bin vain\b/i, 'without success'],
  [/\banew\b/i, 'again'],
  [/\bthereby\b/i, 'so'],
  [/\bwhatever was killed\b/i, 'no matter what was killed'],
  [/\bpass(?:ed|es|ing)? over\b/i, 'ignored, or skipped'],
  [/\b(?:go(?:es)?|went) before\b/i, 'overrides, or precedes'],
  [/\b(?:is|are|was|were|been|being) told\b/i, 'gets, is notified, or: the log says'],
  [/\btold apart\b/i, 'distinguished'],
  [
    /\b(?:Kafka|Postgres|cache|broker|part|server|processor|Redis|it|one|both|they) (?:is|are|was|were|stays?|goes) away\b/i,
    'is down, or is unreachable',
  ],
  [/\btakes? no (?:pings|writes)\b/i, 'is not accepting writes'],
  [/\b(?:brought|bring) in\b/i, 'applied, loaded, or added'],
  [/\blooks? on(?=[.,;:)]|$)/im, 'watches, or checks'],
  [/\bwho asks? twice\b/i, 'a duplicate request'],
  [/\bwhole numbers?\b/i, 'an integer'],
  [/\b[Ww]hoever\b/, 'a client that, or anyone who'],
  [/\bas ever\b/i, 'as usual'],
  [/\bis given up\b/i, 'times out, or is cancelled'],
  [BEHIND_WITHOUT_LAG, 'after, beyond or through: "behind" only means lagging'],
  [/\bbeside (?:this|that|these|those|it)\b/i, 'also, or in addition'],
  [/\bso (?:long|many)\b(?=[.,:;)])/i, 'this long, or up to N'],
  [/\b(?:MOST|LONGEST|LEAST)_|_LEAST\b/, 'MAX_ or MIN_'],
  [/\bhelp:\s*['"`](?:Most|Longest|Least|Shortest)\b/, 'Maximum or Minimum'],
  [/\bexpected:\s*['"`]a text\b/, 'a string'],
]

export interface Finding {
  readonly line: number
  readonly found: string
  readonly instead: string
}

/** What a text has of these expressions, also where one is broken over two lines. */
export function findUnplain(text: string): readonly Finding[] {
  // A line break, and the mark with which a comment or a list goes on after it, is a space to a reader.
  const flat = text.replaceAll(
    /(\w)[ \t]*\n[ \t]*(?:\*|\/\/|#|--)?[ \t]*(?=\w)/g,
    (whole, word: string) => word + ' '.repeat(whole.length - 1),
  )
  const lineOf = (index: number): number => text.slice(0, index).split('\n').length
  return PAIRS.flatMap(([pattern, instead]) =>
    [...flat.matchAll(new RegExp(pattern.source.replaceAll(' ', ' +'), `g${pattern.flags}`))].map(match => ({
      line: lineOf(match.index),
      found: match[0].replaceAll(/ +/g, ' '),
      instead,
    })),
  )
}
