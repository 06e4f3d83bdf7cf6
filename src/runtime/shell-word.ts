/** As one word of a line that is copied into a shell: a path may hold what a shell takes for its own. */
export function shellWord(text: string): string {
  return /^[\w.:/%@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
