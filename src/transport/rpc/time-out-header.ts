import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect'
import { shownText } from '../../runtime/shown-text.ts'

/** The maximum delay of Node's timers, in ms: about 25 days. A longer timer would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1
/** The syntax of time-outs in each protocol. */
const CONNECT = /^\d{1,10}$/
const GRPC = /^(\d{1,8})([HMSmun])$/
/** The units of the header grpc-timeout, in ms. */
const GRPC_UNITS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 0.001, n: 0.000_001 }

const CONNECT_EXPECTED = 'an integer of up to 10 digits in ms, such as 5000'
const GRPC_EXPECTED = 'an integer of up to 8 digits and a unit of H, M, S, m, u or n, such as 5000m'

/** True for a header with a deadline that is too distant for a timer. It is ignored. */
export function isFarDeadline(name: string, value: string): boolean {
  if (name === 'connect-timeout-ms') return CONNECT.test(value) && Number(value) > MAX_TIMER_MS
  if (name !== 'grpc-timeout') return false
  const [, number, unit = ''] = GRPC.exec(value) ?? []
  return Number(number) * (GRPC_UNITS[unit] ?? 0) > MAX_TIMER_MS
}

/** Throws INVALID_ARGUMENT for a time-out that is malformed in the call's protocol. */
export function refuseMalformedTimeOut({ protocolName, requestHeader }: HandlerContext): void {
  const [name, form, expected] =
    protocolName === 'connect'
      ? (['connect-timeout-ms', CONNECT, CONNECT_EXPECTED] as const)
      : (['grpc-timeout', GRPC, GRPC_EXPECTED] as const)
  const value = requestHeader.get(name)
  if (value === null || form.test(value)) return
  throw new ConnectError(`${name}: got ${shownText(value)}, expected ${expected}`, Code.InvalidArgument)
}
