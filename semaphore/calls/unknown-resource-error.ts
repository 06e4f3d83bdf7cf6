import { shownText } from '../../src/runtime/shown-text.ts'
import { UseCaseError } from '../../src/transport/errors.ts'

/** No command and no limit has named the resource. */
export class UnknownResourceError extends UseCaseError {
  override readonly name = 'UnknownResourceError'
  readonly kind = 'notFound'
  override readonly facts = { reason: 'unknown_resource' }

  constructor(resource: string) {
    super(`resource id: got ${shownText(resource)}, expected a resource that a command or a limit has named`)
  }
}
