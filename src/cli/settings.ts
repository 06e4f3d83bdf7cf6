import type { Setting } from '../runtime/settings.ts'
import { address } from './formats/address.ts'

/** The settings of pingcli itself; `verify` and `rebuild` read those of Postgres and of the cache too. */
export const cliSettings = {
  address: {
    env: 'PING_ADDRESS',
    help: 'The Ping server that pingcli calls where --address is not given.',
    expected: address.expected,
    fallback: 'http://127.0.0.1:8080',
    secret: false,
    parse: address.parse,
  } satisfies Setting<string>,
} as const
