/** Longest part of a caller's text that a message repeats, in UTF-16 code units. */
const MAX_SHOWN = 80
/** What JSON leaves as it is and a terminal would act upon or hide: C1 controls, and marks of direction, order and width. */
const HIDDEN = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g

/** The text in quotes, as JSON has it, on one line and with nothing hidden; of a long one only the beginning. */
export function shownText(text: string): string {
  const quoted = JSON.stringify(cutText(text, MAX_SHOWN)).replace(HIDDEN, escaped)
  return text.length <= MAX_SHOWN ? quoted : `${quoted}… (${text.length} characters)`
}

/** At most `max` code units of the text, none of which is half a character. */
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
