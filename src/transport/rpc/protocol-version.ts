import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect'
import { shownText } from '../../runtime/shown-text.ts'

const NAME = 'connect-protocol-version'
const VERSION = '1'

/** Throws INVALID_ARGUMENT for a call of another version of Connect. A call without a version is of this version. */
export function refuseOtherVersion({ protocolName, requestHeader }: HandlerContext): void {
  const value = requestHeader.get(NAME)
  if (protocolName !== 'connect' || value === null || value === VERSION) return
  throw new ConnectError(`${NAME}: got ${shownText(value)}, expected ${VERSION}, or no such header`, Code.InvalidArgument)
}
