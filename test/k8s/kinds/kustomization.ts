/** What we use of Kustomize's files. */
export interface IKustomization {
  readonly apiVersion: 'kustomize.config.k8s.io/v1beta1' | 'kustomize.config.k8s.io/v1alpha1'
  readonly kind: 'Kustomization' | 'Component'
  readonly namespace?: string
  readonly resources?: readonly string[]
  readonly components?: readonly string[]
  readonly patches?: readonly Patch[]
  readonly images?: readonly { readonly name: string; readonly newName?: string; readonly newTag: string }[]
  readonly configMapGenerator?: readonly ConfigMapSource[]
}

/** By its own kind and name, or by a target. */
export interface Patch {
  readonly path?: string
  readonly patch?: string
  readonly target?: { readonly kind: string; readonly name: string }
}

export interface ConfigMapSource {
  readonly name: string
  readonly namespace?: string
  /** `name=file` each. */
  readonly files: readonly string[]
  readonly options: { readonly disableNameSuffixHash: true; readonly labels?: Readonly<Record<string, string>> }
}
