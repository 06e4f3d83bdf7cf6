/**
 * Answers arguments such as `--help` with plain text. The process ends by itself, with this exit code, once the text is
 * written; a reader that has gone by then (`ping-broker --help | head -1`) is no error.
 */
export function endWith(code: number, stream: NodeJS.WriteStream, text: string): void {
  stream.on('error', () => undefined)
  stream.write(text)
  process.exitCode = code
}
