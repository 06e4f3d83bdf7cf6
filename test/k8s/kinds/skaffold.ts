/** What we use of Skaffold's files, schema v4beta14. */
export interface ISkaffold {
  readonly apiVersion: 'skaffold/v4beta14'
  readonly kind: 'Config'
  readonly metadata: { readonly name: string }
  readonly requires?: readonly { readonly path: string }[]
  readonly build?: {
    readonly tagPolicy: { readonly gitCommit: Record<string, never> } | { readonly inputDigest: Record<string, never> }
    readonly local: { readonly push: boolean; readonly useBuildkit: boolean }
    readonly artifacts: readonly Artifact[]
  }
  readonly manifests?: { readonly kustomize: { readonly paths: readonly string[] } }
  readonly deploy?: {
    readonly statusCheckDeadlineSeconds: number
    readonly helm?: { readonly releases: readonly Release[] }
    readonly kubectl?: { readonly hooks?: { readonly before?: readonly Hook[]; readonly after?: readonly Hook[] } }
  }
  readonly portForward?: readonly PortForward[]
  readonly verify?: readonly Verification[]
  readonly profiles?: readonly Profile[]
}

export interface Artifact {
  readonly image: string
  readonly context: string
  readonly docker: { readonly target: string }
  readonly sync?: { readonly manual: readonly { readonly src: string; readonly dest: string }[] }
}

export interface Release {
  readonly name: string
  readonly namespace: string
  readonly createNamespace: boolean
  readonly remoteChart: string
  readonly repo?: string
  readonly version: string
  readonly valuesFiles?: readonly string[]
  readonly upgradeOnChange: boolean
  readonly wait: boolean
}

export interface Hook {
  readonly host: { readonly command: readonly string[]; readonly dir: string }
}

export interface PortForward {
  readonly resourceType: 'service'
  readonly resourceName: string
  readonly namespace: string
  readonly port: number
  readonly localPort: number
}

export interface Verification {
  readonly name: string
  readonly timeout: number
  readonly container: {
    readonly name: string
    readonly image: string
    readonly command: readonly string[]
    readonly args: readonly string[]
  }
  readonly executionMode: { readonly kubernetesCluster: { readonly jobManifestPath: string } }
}

export interface Profile {
  readonly name: string
  readonly activation?: readonly { readonly command: 'dev' | 'run' }[]
  readonly patches: readonly { readonly op: 'add' | 'replace' | 'remove'; readonly path: string; readonly value?: unknown }[]
}
