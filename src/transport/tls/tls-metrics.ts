/** The metrics of TLS. */
export interface TlsMetrics {
  handshakeFailed(): void
  /** Sets the function that returns when the certificate expires, in ms since the epoch. It is called whenever the metrics are read. */
  watchCertificate(notAfterMs: () => number): void
}
