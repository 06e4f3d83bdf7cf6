/** How the string of an option or a setting becomes a value. */
export interface Format<T> {
  /** What a valid string looks like, for messages: "expected …". */
  readonly expected: string
  /** The value of a string, or undefined if the string is malformed. */
  readonly parse: (text: string) => T | undefined
}
