import type { Logger } from '../runtime/logger.ts'
import { SettingsError } from '../runtime/settings.ts'
import { watchFiles, type WatchedFiles } from '../runtime/watch-files.ts'
import { createAccessCheck, type AccessCheck } from './access/access-check.ts'
import type { Roles } from './access/roles.ts'
import { parseTokens } from './access/tokens.ts'
import { portSettings, type PortSettings } from './settings.ts'
import { CERT_SETTING, CLIENT_CA_SETTING, KEY_SETTING, readCertificate, type ServerCertificate, type TlsFile } from './tls/certificate.ts'
import { handshakeLog } from './tls/handshake-log.ts'
import type { TlsMetrics } from './tls/tls-metrics.ts'
import type { TlsIdentity } from './tls/tls-port.ts'

/** Which callers are accepted, and how they connect. Without settings: every caller, in clear text. */
export interface Callers {
  readonly tls: TlsIdentity | undefined
  readonly access: AccessCheck | undefined
  /** Stops reloading the files. */
  stop(): void
}

type CallerSettings = Pick<PortSettings, 'tlsCertFile' | 'tlsKeyFile' | 'tlsClientCaFile' | 'tokensFile'>

export interface CallersOptions {
  readonly roles: Roles
  readonly log: Logger
  readonly metrics: TlsMetrics
  /** Interval at which the files are read, in ms. */
  readonly everyMs?: number
}

/** Reads the files of TLS and the file of tokens, and watches them for changes. Throws `SettingsError`. */
export function watchCallers(settings: CallerSettings, options: CallersOptions): Callers {
  const { log, metrics, roles } = options
  const certificate = watchCertificate(settings, options)
  const { tokensFile: file } = settings
  const setting = portSettings.tokensFile.env
  const tokens =
    file === undefined
      ? undefined
      : watchFiles({
          files: { tokens: { setting, file } },
          parse: texts => parseTokens(setting, texts.tokens ?? '', roles.names),
          ...options,
        })
  const asksClients = settings.tlsClientCaFile !== undefined
  if (certificate !== undefined) metrics.watchCertificate(() => certificate.value().notAfterMs)
  return {
    tls: certificate && { certificate, asksClients, failed: reportHandshakes(log, metrics) },
    access:
      tokens || asksClients
        ? createAccessCheck({ tokens: tokens && (() => tokens.value()), clientCertificates: asksClients, roles })
        : undefined,
    stop() {
      certificate?.stop()
      tokens?.stop()
    },
  }
}

function watchCertificate(settings: CallerSettings, options: CallersOptions): WatchedFiles<ServerCertificate> | undefined {
  const { tlsCertFile, tlsKeyFile, tlsClientCaFile } = settings
  if (tlsCertFile === undefined && tlsKeyFile === undefined && tlsClientCaFile === undefined) return undefined
  const files = {
    cert: { setting: CERT_SETTING, file: tlsCertFile },
    key: { setting: KEY_SETTING, file: tlsKeyFile },
    clientCa: { setting: CLIENT_CA_SETTING, file: tlsClientCaFile },
  }
  for (const { setting, file } of [files.cert, files.key]) {
    if (file === undefined)
      throw new SettingsError(`${setting}: got none, expected a file: TLS needs both ${CERT_SETTING} and ${KEY_SETTING}`)
  }
  const certificate = watchFiles<TlsFile, ServerCertificate>({ files, parse: (texts, inUse) => readCertificate(texts, inUse), ...options })
  const warn = ({ outOfDate }: ServerCertificate): void => {
    if (outOfDate !== undefined) options.log.warn(`${outOfDate}: callers will not accept it`)
  }
  warn(certificate.value())
  certificate.onChange(warn)
  return certificate
}

function reportHandshakes(log: Logger, metrics: TlsMetrics): TlsIdentity['failed'] {
  const say = handshakeLog(log)
  return error => {
    metrics.handshakeFailed()
    say(error)
  }
}
