/** Quotes a string as one word of a shell command to be copied, because a path may contain characters that are special to the shell. */
export function shellWord(text: string): string {
  return /^[\w.:/%@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
