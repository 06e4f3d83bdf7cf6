import type { IPod, ISecretKeySelector } from 'kubernetes-models/v1'

/** What we use of the Barman Cloud plugin's resource: no package has its type. */
export interface IObjectStore {
  readonly apiVersion: 'barmancloud.cnpg.io/v1'
  readonly kind: 'ObjectStore'
  readonly metadata: NonNullable<IPod['metadata']>
  readonly spec: {
    readonly retentionPolicy: `${number}${'d' | 'w' | 'm'}`
    readonly configuration: {
      readonly destinationPath: `s3://${string}`
      readonly endpointURL: `https://${string}`
      readonly s3Credentials: { readonly accessKeyId: ISecretKeySelector; readonly secretAccessKey: ISecretKeySelector }
      readonly wal: { readonly compression: 'gzip' | 'bzip2' | 'lz4' | 'snappy' | 'xz' | 'zstd' }
    }
  }
}
