import { posix } from 'node:path'
import type { IProbe } from 'kubernetes-models/v1'
import { selects, type Selector } from '../cluster/labels.ts'
import { ofKind } from '../cluster/of-kind.ts'
import { podsOf, type Pods } from '../cluster/pods.ts'
import { containersOf, literalEnv, type PlacedContainer } from '../cluster/workloads.ts'
import type { Project, Rendering } from '../project/project.ts'
import type { Resource } from '../project/read-yaml.ts'
import { render } from '../render/render.ts'
import { perRendering } from './check.ts'
import { programOf } from './programs.ts'

export const ports = perRendering('name the ports that the containers have', ({ resources }: Rendering, project: Project) => {
  const pods = podsOf(resources)
  return [
    ...containersOf(resources).flatMap(ofContainer),
    ...ofServices(resources, pods),
    ...ofPolicies(resources, pods),
    ...ofMonitors(resources, pods),
    ...ofRoutes(resources),
    ...ofForwards(project),
  ]
})

const show = (ports: Pods['ports']): string =>
  Object.entries(ports)
    .map(([name, port]) => `${name} (${port})`)
    .join(', ') || 'none'
const has = (ports: Pods['ports'], port: number | string | undefined): boolean =>
  typeof port === 'number' ? Object.values(ports).includes(port) : port !== undefined && port in ports

/** The port of the program's setting is the container's, and probes ask there. */
function ofContainer({ where, container, isInit }: PlacedContainer): readonly string[] {
  const own = Object.fromEntries((container.ports ?? []).map(({ name, containerPort }) => [name ?? String(containerPort), containerPort]))
  const { port: setting } = programOf(container)
  const listens = setting === undefined || isInit ? undefined : Number(literalEnv(container)[setting.env] ?? setting.fallback)
  const probes: readonly (readonly [string, IProbe | undefined])[] = [
    ['startupProbe', container.startupProbe],
    ['readinessProbe', container.readinessProbe],
    ['livenessProbe', container.livenessProbe],
  ]
  return [
    ...(listens === undefined || has(own, listens)
      ? []
      : [`${where}: got ${setting?.env} ${listens}, expected one of its ports: ${show(own)}`]),
    ...probes
      .filter(([, probe]) => probe !== undefined && !has(own, probe.httpGet?.port))
      .map(([name, probe]) => `${where}, ${name}: got port ${probe?.httpGet?.port}, expected one of ${show(own)}`),
  ]
}

function ofServices(resources: readonly Resource[], pods: readonly Pods[]): readonly string[] {
  return ofKind(resources, 'Service').flatMap(({ metadata, spec }) => {
    const [meant] = pods.filter(({ labels }) => selects({ matchLabels: spec?.selector }, labels))
    return (spec?.ports ?? [])
      .filter(({ port, targetPort = port }) => meant !== undefined && !has(meant.ports, targetPort))
      .map(
        ({ name, targetPort }) =>
          `Service ${metadata.name}, port ${name}: got targetPort ${targetPort}, expected one of ${show(meant?.ports ?? {})}`,
      )
  })
}

/** A policy that admits to a port, or lets out to one, names a port of the pods at the other end. */
function ofPolicies(resources: readonly Resource[], pods: readonly Pods[]): readonly string[] {
  return ofKind(resources, 'NetworkPolicy').flatMap(({ metadata, spec }) => {
    const rules = [
      ...(spec?.ingress ?? []).map(({ ports }) => ({ ports, selector: (spec?.podSelector ?? {}) as Selector })),
      ...(spec?.egress ?? []).flatMap(({ ports, to = [] }) =>
        to
          .filter(({ namespaceSelector }) => namespaceSelector === undefined)
          .map(({ podSelector }) => ({ ports, selector: (podSelector ?? {}) as Selector })),
      ),
    ]
    return rules.flatMap(({ ports = [], selector }) => {
      const open = Object.assign({}, ...pods.filter(({ labels }) => selects(selector, labels)).map(meant => meant.ports)) as Pods['ports']
      const strange = ports.filter(({ port }) => !has(open, port))
      return strange.map(
        ({ port }) => `NetworkPolicy ${metadata.name}: got port ${port}, expected one of those that it is for: ${show(open)}`,
      )
    })
  })
}

function ofMonitors(resources: readonly Resource[], pods: readonly Pods[]): readonly string[] {
  return ofKind(resources, 'PodMonitor').flatMap(({ metadata, spec }) => {
    const [meant] = pods.filter(({ labels }) => selects(spec.selector, labels))
    return (spec.podMetricsEndpoints ?? [])
      .filter(({ port }) => meant !== undefined && !has(meant.ports, port))
      .map(({ port }) => `PodMonitor ${metadata.name}: got port ${port}, expected one of ${show(meant?.ports ?? {})}`)
  })
}

/** gRPC needs HTTP/2 without TLS at its port, and for a gateway the Service has to say so. */
function ofRoutes(resources: readonly Resource[]): readonly string[] {
  const services = ofKind(resources, 'Service')
  const portOf = (name: string, port: number | undefined) =>
    services.find(({ metadata }) => metadata.name === name)?.spec?.ports?.find(other => other.port === port)
  const routes = (['HTTPRoute', 'GRPCRoute'] as const).flatMap(kind =>
    ofKind(resources, kind).flatMap(({ metadata, spec }) =>
      (spec.rules ?? []).flatMap(({ backendRefs = [] }) =>
        backendRefs.map(({ name, port }) => ({ kind, from: `${kind} ${metadata.name}`, name, port })),
      ),
    ),
  )
  return routes.flatMap(({ kind, from, name, port }) => {
    const found = portOf(name, port)
    if (found === undefined) return [`${from}: got port ${port} of service ${name}, expected one that it has`]
    const isRight = kind === 'HTTPRoute' || found.appProtocol === 'kubernetes.io/h2c'
    return isRight ? [] : [`${from}: got port ${port} with appProtocol ${found.appProtocol}, expected kubernetes.io/h2c`]
  })
}

/** Of the services that the same file deploys. */
function ofForwards({ skaffold, files }: Project): readonly string[] {
  return skaffold.flatMap(({ path, config }) => {
    const forwards = config.portForward ?? []
    const folders = forwards.length === 0 ? [] : (config.manifests?.kustomize.paths ?? [])
    const services = ofKind(
      folders.flatMap(folder => render(files, posix.join(posix.dirname(path), folder))),
      'Service',
    )
    return forwards.flatMap(({ resourceName, namespace, port }) => {
      const service = services.find(({ metadata }) => metadata.name === resourceName && metadata.namespace === namespace)
      const open = (service?.spec?.ports ?? []).map(other => other.port)
      return open.includes(port)
        ? []
        : [
            `${path}: forwards port ${port} of service ${namespace}/${resourceName}, expected one of ${open.join(', ') || 'a service that exists'}`,
          ]
    })
  })
}
