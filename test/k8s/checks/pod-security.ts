import type { IContainer, IPodSpec } from 'kubernetes-models/v1'
import { ofKind } from '../cluster/of-kind.ts'
import { containersOf, workloadsOf } from '../cluster/workloads.ts'
import type { Rendering } from '../project/project.ts'
import { perRendering } from './check.ts'

type PodSecurity = NonNullable<IPodSpec['securityContext']>
type ContainerSecurity = NonNullable<IContainer['securityContext']>

const LEVEL = 'pod-security.kubernetes.io/enforce'

/** More than the API server asks for: it admits uid 0 with a warning, and a file system that can be written to. */
export const podSecurity = perRendering('have pods without privileges', ({ resources }: Rendering) => [
  ...ofKind(resources, 'Namespace')
    .filter(({ metadata }) => metadata.labels?.[LEVEL] !== 'restricted')
    .map(({ metadata }) => `Namespace ${metadata.name}: got ${LEVEL} ${metadata.labels?.[LEVEL]}, expected restricted`),
  ...workloadsOf(resources).flatMap(({ title, pod }) => ofPod(title, pod)),
  ...containersOf(resources).flatMap(({ where, container }) => [
    ...ofContainer(where, container.securityContext ?? {}),
    ...ofRoot(where, container),
  ]),
  ...ofKind(resources, 'Dragonfly').flatMap(({ metadata, spec }) => [
    ...ofUser(`Dragonfly ${metadata.name}`, spec.podSecurityContext ?? {}),
    ...ofContainer(`Dragonfly ${metadata.name}`, spec.containerSecurityContext ?? {}),
  ]),
])

function ofPod(title: string, pod: IPodSpec): readonly string[] {
  const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter(name => pod[name] === true)
  const folders = (pod.volumes ?? []).filter(({ hostPath }) => hostPath !== undefined)
  return [
    ...ofUser(title, pod.securityContext ?? {}),
    ...shared.map(name => `${title}: got ${name}, expected none`),
    ...folders.map(({ name }) => `${title}, volume ${name}: got a folder of the node, expected none`),
    ...(pod.automountServiceAccountToken === false
      ? []
      : [`${title}: got a token of the API server, expected automountServiceAccountToken: false`]),
    ...(pod.enableServiceLinks === false ? [] : [`${title}: got variables for each service, expected enableServiceLinks: false`]),
  ]
}

function ofUser(title: string, { runAsNonRoot, runAsUser, seccompProfile }: PodSecurity): readonly string[] {
  return [
    ...(runAsNonRoot === true ? [] : [`${title}: got runAsNonRoot ${runAsNonRoot}, expected true`]),
    ...(runAsUser !== undefined && runAsUser > 0
      ? []
      : [`${title}: got runAsUser ${runAsUser}, expected the number of a user that is not root`]),
    ...(seccompProfile?.type === 'RuntimeDefault' ? [] : [`${title}: got seccompProfile ${seccompProfile?.type}, expected RuntimeDefault`]),
  ]
}

function ofContainer(where: string, security: ContainerSecurity): readonly string[] {
  const { allowPrivilegeEscalation, privileged = false, capabilities, runAsUser = 1, runAsNonRoot = true } = security
  return [
    ...(allowPrivilegeEscalation === false ? [] : [`${where}: got allowPrivilegeEscalation ${allowPrivilegeEscalation}, expected false`]),
    ...(privileged ? [`${where}: got privileged, expected not`] : []),
    ...(capabilities?.drop?.includes('ALL') ? [] : [`${where}: drops the capabilities ${capabilities?.drop}, expected ALL`]),
    ...(capabilities?.add === undefined ? [] : [`${where}: adds the capabilities ${capabilities.add}, expected none`]),
    ...(runAsUser > 0 && runAsNonRoot ? [] : [`${where}: runs as user ${runAsUser}, expected one that is not root`]),
  ]
}

/** Where node watches the sources, skaffold copies them in. */
function ofRoot(where: string, { command = [], securityContext }: IContainer): readonly string[] {
  const isWatched = command.includes('--watch')
  return isWatched || securityContext?.readOnlyRootFilesystem === true
    ? []
    : [`${where}: got a root file system to write to, expected readOnlyRootFilesystem: true`]
}
