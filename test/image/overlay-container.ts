import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { containersOf, type Workload } from '../k8s/cluster/workloads.ts'
import type { Resource } from '../k8s/project/read-yaml.ts'
import type { Cluster } from './cluster.ts'
import type { ContainerOptions } from './container.ts'

/** What Kubernetes knows of a pod. */
const FIELDS: Readonly<Record<string, (workload: Workload) => string>> = { 'metadata.name': ({ name }) => `${name}-0` }

/** One container of a manifest, to be run as Kubernetes would: its command, settings from secrets, files, and names of services. */
export function overlayContainer(
  resources: readonly Resource[],
  name: string,
  { secrets, hosts }: Pick<Cluster, 'secrets' | 'hosts'>,
  folder: string,
): Required<Pick<ContainerOptions, 'env' | 'args' | 'flags'>> {
  const placed = containersOf(resources).find(({ container }) => container.name === name)
  if (!placed) throw new Error(`no container ${name} in the manifests`)
  const { container, workload } = placed
  const valueOf = (secret = '', key = ''): string => {
    const value = secrets[secret]?.[key]
    if (value === undefined) throw new Error(`${placed.where}: no key ${key} in secret ${secret}`)
    return value
  }
  const env = (container.env ?? []).map(variable => {
    const { secretKeyRef: { name: secret, key } = {}, fieldRef } = variable.valueFrom ?? {}
    return [
      variable.name,
      variable.value ?? (fieldRef ? FIELDS[fieldRef.fieldPath]?.(workload) : undefined) ?? valueOf(secret, key),
    ] as const
  })
  const mounts = (container.volumeMounts ?? []).flatMap(mount => {
    const volume = workload.pod.volumes?.find(each => each.name === mount.name)
    if (!volume?.secret) return ['--mount', `type=tmpfs,destination=${mount.mountPath}`]
    const place = join(folder, name, mount.name)
    mkdirSync(place, { recursive: true })
    for (const { key, path } of volume.secret.items ?? []) writeFileSync(join(place, path), valueOf(volume.secret.secretName, key))
    return ['--volume', `${place}:${mount.mountPath}:ro`]
  })
  const names = Object.entries(hosts).flatMap(([host, address]) => ['--add-host', `${host}:${address}`])
  const [, ...args] = container.command ?? [] // the image's entrypoint is the first word, node
  return { env: Object.fromEntries(env), args, flags: [...names, ...mounts] }
}
