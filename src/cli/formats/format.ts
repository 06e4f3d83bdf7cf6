/** How the text of an option or a setting becomes a value. */
export interface Format<T> {
  /** What a valid text looks like, for messages: "expected …". */
  readonly expected: string
  /** The value of a text, or undefined if the text is ill-formed. */
  readonly parse: (text: string) => T | undefined
}
