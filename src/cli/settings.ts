import { text, type Setting } from '../runtime/settings.ts'
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
  tokenFile: text('PING_TOKEN_FILE', {
    help: 'File with the token that pingcli shows to the server; --token-file overrides it.',
    fallback: undefined,
  }),
  caFile: text('PING_CA_FILE', {
    help: 'File with the authorities, in PEM, by which pingcli recognises an https server; --ca-file overrides it. Absent: those that Node trusts.',
    fallback: undefined,
  }),
  certFile: text('PING_CERT_FILE', {
    help: "File with pingcli's client certificate, in PEM; --cert-file overrides it.",
    fallback: undefined,
  }),
  keyFile: text('PING_KEY_FILE', { help: 'File with the key of PING_CERT_FILE; --key-file overrides it.', fallback: undefined }),
  dataDir: text('PING_DATA_DIR', {
    help: 'Data folder of `npm start`: its database is the one that `pingcli verify` and `rebuild` read when no setting says where Postgres is.',
    fallback: '.ping',
  }),
} as const
