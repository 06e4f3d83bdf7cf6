/** The metrics of TLS. */
export interface TlsMetrics {
  handshakeFailed(): void
  /** Reads, whenever the metrics are asked for, the last moment of the certificate, in ms since the epoch. */
  watchCertificate(notAfterMs: () => number): void
}
