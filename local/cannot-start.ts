/** A start that cannot go on; the message is for the person who started it. */
export class CannotStart extends Error {
  override readonly name = 'CannotStart'
}
