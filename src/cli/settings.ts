import { text, type Setting } from '../runtime/settings.ts'
import { address } from './formats/address.ts'

/** The settings of pingcli itself; `verify` and `rebuild` also read those of Postgres and of the cache. */
export const cliSettings = {
  address: {
    env: 'PING_ADDRESS',
    help: 'Address of the Ping server; `--address` overrides it.',
    expected: address.expected,
    fallback: 'http://127.0.0.1:8080',
    secret: false,
    parse: address.parse,
  } satisfies Setting<string>,
  semaphoreAddress: {
    env: 'SEMAPHORE_ADDRESS',
    help: 'Address of the semaphore, for `pingcli semaphore`; `--address` overrides it.',
    expected: address.expected,
    fallback: 'http://127.0.0.1:8082',
    secret: false,
    parse: address.parse,
  } satisfies Setting<string>,
  tokenFile: text('PING_TOKEN_FILE', {
    help: 'File with the token that pingcli sends to the server; `--token-file` overrides it.',
    fallback: undefined,
  }),
  caFile: text('PING_CA_FILE', {
    help: 'PEM file with the only CAs that pingcli trusts for an https server; `--ca-file` overrides it. Without it, the CAs that Node trusts.',
    fallback: undefined,
  }),
  certFile: text('PING_CERT_FILE', {
    help: "PEM file with pingcli's client certificate; `--cert-file` overrides it.",
    fallback: undefined,
  }),
  keyFile: text('PING_KEY_FILE', { help: 'PEM file with the key of PING_CERT_FILE; `--key-file` overrides it.', fallback: undefined }),
  dataDir: text('PING_DATA_DIR', {
    help: 'Data folder of `npm start`. `pingcli verify` and `rebuild` read its database if no setting of Postgres is set.',
    fallback: '.ping',
  }),
} as const
