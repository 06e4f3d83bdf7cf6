/** Maximum length of a caller's text in a message, in UTF-16 code units. */
const MAX_SHOWN = 80
/** Characters that JSON does not escape but a terminal interprets or hides: C1 controls, and marks of direction, order and width. */
const HIDDEN = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g

/** The text as a JSON string, on one line and with nothing hidden. A long text is cut. */
export function shownText(text: string): string {
  const quoted = JSON.stringify(cutText(text, MAX_SHOWN)).replace(HIDDEN, escaped)
  return text.length <= MAX_SHOWN ? quoted : `${quoted}… (${text.length} characters)`
}

/** At most `max` code units of the text, never ending within a character. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text
  return text.slice(0, isHighSurrogate(text.charCodeAt(max - 1)) ? max - 1 : max)
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
