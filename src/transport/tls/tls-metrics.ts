import { Counter, Gauge, type Registry } from 'prom-client'

/** The metrics of TLS. */
export interface TlsMetrics {
  handshakeFailed(): void
  /** Sets the function that returns when the certificate expires, in ms since the epoch. It is called whenever the metrics are read. */
  watchCertificate(notAfterMs: () => number): void
}

/** `PREFIX_tls_handshakes_failed_total`, and `PREFIX_tls_certificate_expiry_seconds` once there is a certificate. */
export function tlsMetrics(registry: Registry, prefix: string): TlsMetrics {
  const registers = [registry]
  const failed = new Counter({ name: `${prefix}_tls_handshakes_failed_total`, help: 'TLS handshakes that failed', registers })
  return {
    handshakeFailed: () => failed.inc(),
    watchCertificate(notAfterMs) {
      new Gauge({
        name: `${prefix}_tls_certificate_expiry_seconds`,
        help: "Expiry time of the port's certificate, in seconds since 1970",
        registers,
        collect() {
          this.set(notAfterMs() / 1_000)
        },
      })
    },
  }
}
