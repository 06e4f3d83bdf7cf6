import type { IPod } from 'kubernetes-models/v1'

/** What we use of CloudNativePG's resource: the package's version does not have it. From the definition of operator 1.30.0. */
export interface IDatabaseRole {
  readonly apiVersion: 'postgresql.cnpg.io/v1'
  readonly kind: 'DatabaseRole'
  readonly metadata: NonNullable<IPod['metadata']>
  readonly spec: {
    readonly cluster: { readonly name: string }
    readonly name: string
    readonly login: boolean
    readonly passwordSecret: { readonly name: string }
    readonly connectionLimit?: number
  }
}
