const NUL = 0
const [STAR, QUESTION, OPEN, CLOSE, CARET, DASH, BACKSLASH] = [0x2a, 0x3f, 0x5b, 0x5d, 0x5e, 0x2d, 0x5c]
const MISMATCH = -1
const STEPS_TOLD_AT_ONCE = 32

/** Called now and then with how much of the pattern was read; may throw. */
type Spend = (steps: number) => void

/**
 * Redis' pattern matcher: `*`, `?`, `[a-c]`, `[^x]`, `\` quotes. Every pattern is valid, even an unfinished one. As in Redis,
 * `*` alone does not match an empty text (KEYS and SCAN handle it separately). On a mismatch, only the last `*` takes one more
 * character, so the work is at most pattern times text.
 */
export function matchesGlob(pattern: string, text: string, spend: Spend): boolean {
  if (text === '') return pattern === ''
  let [inPattern, inText] = [0, 0]
  let [afterStar, starTook] = [-1, 0]
  for (let steps = 1; inText < text.length; steps++) {
    if (steps % STEPS_TOLD_AT_ONCE === 0) spend(STEPS_TOLD_AT_ONCE)
    if (pattern.charCodeAt(inPattern) === STAR) {
      inPattern = afterStars(pattern, inPattern, spend)
      if (inPattern === pattern.length) return true
      ;[afterStar, starTook] = [inPattern, inText]
    }
    const next = inPattern < pattern.length ? step(pattern, inPattern, text.charCodeAt(inText), spend) : MISMATCH
    if (next !== MISMATCH) {
      inPattern = next
      inText++
    } else if (afterStar >= 0) {
      inPattern = afterStar
      inText = ++starTook
    } else return false
  }
  return afterStars(pattern, inPattern, spend) === pattern.length
}

function afterStars(pattern: string, start: number, spend: Spend): number {
  let at = start
  while (pattern.charCodeAt(at) === STAR) at++
  spend(at - start)
  return at
}

/** Where the pattern continues after the element at `at`, which matches one character, or MISMATCH. */
function step(pattern: string, at: number, char: number, spend: Spend): number {
  const element = pattern.charCodeAt(at)
  if (element === QUESTION) return at + 1
  if (element === OPEN) return stepOverSet(pattern, at + 1, char, spend)
  const quoted = element === BACKSLASH && at + 1 < pattern.length ? at + 1 : at
  return pattern.charCodeAt(quoted) === char ? quoted + 1 : MISMATCH
}

function stepOverSet(pattern: string, start: number, char: number, spend: Spend): number {
  const end = pattern.length
  const code = (index: number) => (index < end ? pattern.charCodeAt(index) : NUL)
  const isNegated = code(start) === CARET
  let at = isNegated ? start + 1 : start
  let isIn = false
  for (; at < end && code(at) !== CLOSE; at++) {
    if (code(at) === BACKSLASH && at + 1 < end) {
      if (code(++at) === char) isIn = true
    } else if (code(at + 1) === DASH && at + 2 < end) {
      if (isBetween(code(at), code(at + 2), char)) isIn = true
      at += 2
    } else if (code(at) === char) isIn = true
  }
  spend(at - start)
  return isIn === isNegated ? MISMATCH : Math.min(at + 1, end)
}

/** Redis compares C's `char`, which is signed on most machines; the ends of a range may be in either order. */
function isBetween(one: number, other: number, char: number): boolean {
  const [a, b, c] = [signed(one), signed(other), signed(char)]
  return c >= Math.min(a, b) && c <= Math.max(a, b)
}

function signed(byte: number): number {
  return byte < 0x80 ? byte : byte - 0x100
}
