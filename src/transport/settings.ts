import { flag, integer, list, text, type SettingsOf } from '../runtime/settings.ts'
import { CERT_SETTING, CLIENT_CA_SETTING, KEY_SETTING } from './tls/certificate.ts'

/** Which callers a service accepts on its port, and how it stops. The port itself and its addresses are settings of each program. */
export const portSettings = {
  corsOrigins: list('CORS_ORIGINS', {
    help: 'Origins whose pages may call from a browser, separated by commas. *: every origin. Pages of other origins cannot read answers, and a REST request of theirs that would change something is refused.',
    expected: '* or https://host,https://host:port,…',
    pattern: /^(\*|https?:\/\/[^/\s,]+)$/,
    fallback: ['*'],
  }),
  tlsCertFile: text(CERT_SETTING, {
    help: 'File with the certificate of the port and its chain, in PEM. If set, the port accepts only TLS. Reloaded when it changes.',
    fallback: undefined,
  }),
  tlsKeyFile: text(KEY_SETTING, { help: 'File with the private key of TLS_CERT_FILE, in PEM, not encrypted.', fallback: undefined }),
  tlsClientCaFile: text(CLIENT_CA_SETTING, {
    help: 'File with the authorities whose client certificates are accepted. If set, every caller except probes needs a client certificate.',
    fallback: undefined,
  }),
  tokensFile: text('TOKENS_FILE', {
    help: 'File with the tokens that callers need, one per line: name, SHA-256 in hex, roles. Default: no token is needed. Reloaded when it changes.',
    fallback: undefined,
  }),

  leanHttp: flag('LEAN_HTTP', {
    help: 'Serve unary Connect calls over HTTP/1.1 on a faster path. false: serve them with the handlers of the library, like all other calls. The answers are the same.',
    fallback: true,
  }),

  notReadyMs: integer('NOT_READY_MS', {
    help: 'Time after SIGTERM, in ms, during which the server is not ready but still serves, so that load balancers notice.',
    fallback: 0,
    min: 0,
    max: 300_000,
  }),
  drainMs: integer('DRAIN_MS', {
    help: 'Maximum time that requests in flight may take after NOT_READY_MS, in ms.',
    fallback: 15_000,
    min: 0,
    max: 300_000,
  }),
}

export type PortSettings = SettingsOf<typeof portSettings>
