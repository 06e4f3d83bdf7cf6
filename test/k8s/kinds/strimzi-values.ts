/** What we use of the values of Strimzi's chart. */
export interface IStrimziValues {
  readonly watchAnyNamespace: boolean
  readonly extraEnvs: readonly { readonly name: string; readonly value: string }[]
}
