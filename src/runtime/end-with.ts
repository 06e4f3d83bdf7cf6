/**
 * Answers arguments such as `--help` with plain text. The process then ends by itself with this exit code, once the text is
 * written. A reader that has exited by then (`ping-broker --help | head -1`) is not an error.
 */
export function endWith(code: number, stream: NodeJS.WriteStream, text: string): void {
  stream.on('error', () => undefined)
  stream.write(text)
  process.exitCode = code
}
