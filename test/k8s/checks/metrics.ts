import { createPongMetrics } from '../../../pong/metrics.ts'
import { createProcessorMetrics } from '../../../processor/metrics.ts'
import { createSemaphoreMetrics } from '../../../semaphore/metrics.ts'
import { createServerMetrics } from '../../../src/server/metrics.ts'
import { ofKind } from '../cluster/of-kind.ts'
import type { Rendering } from '../project/project.ts'
import { isObject, type Json, type JsonObject, type Resource } from '../project/read-yaml.ts'
import { perRendering } from './check.ts'

/** Metrics of others: kube-state-metrics, Postgres' and Kafka's exporters, the cache, Prometheus itself. */
const OF_OTHERS = /^(kube|cnpg|kafka|dragonfly|container)_|^up$/
const IS_OURS = /^(ping|pong|semaphore|process|nodejs)_/
/** Labels that Prometheus adds, and that of a histogram's buckets. */
const ADDED = ['namespace', 'job', 'pod', 'instance', 'container', 'le']
const METRIC = /(?<![\w:$."'/])([a-z]\w*_\w+|up)(?![\w(."'/-])(?:\{([^}]*)\})?/g
const CONDITION = /(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g

export const metrics = perRendering('use metrics and labels that the programs have', ({ resources }: Rendering) => {
  const known = knownMetrics()
  const monitors = ofKind(resources, 'PodMonitor').map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
  const jobs = ofKind(resources, 'CronJob').map(({ metadata }) => metadata.name)
  return expressionsOf(resources).flatMap(({ from, expression }) =>
    [...expression.matchAll(METRIC)].flatMap(([, name = '', inside = '']) => {
      const labels = known.get(name)
      if (labels === undefined && !OF_OTHERS.test(name))
        return IS_OURS.test(name) || inside !== '' ? [`${from}: got the metric ${name}, expected one of the metrics.ts of a program`] : []
      return [...inside.matchAll(CONDITION)].flatMap(([, label = '', operator, value = '']) => [
        ...(labels === undefined || labels.includes(label) || ADDED.includes(label)
          ? []
          : [`${from}: got the label ${label} of ${name}, expected one of ${[...labels, ...ADDED].join(', ')}`]),
        ...(label !== 'job' || operator !== '=' || monitors.includes(value)
          ? []
          : [`${from}: got the job ${value}, expected one of the PodMonitors: ${monitors.join(', ')}`]),
        ...(label !== 'cronjob' || jobs.includes(value) ? [] : [`${from}: got the cronjob ${value}, expected one of ${jobs.join(', ')}`]),
      ])
    }),
  )
})

const never = (): Promise<never> => Promise.reject(new Error('there is nothing to read'))

/** The labels of each metric that the programs have, a histogram's three series among them. */
function knownMetrics(): ReadonlyMap<string, readonly string[]> {
  const [server, processor, pong, semaphore] = [
    createServerMetrics(),
    createProcessorMetrics(),
    createPongMetrics(),
    createSemaphoreMetrics(),
  ]
  server.watchQueue(() => 0)
  server.watchCertificate(() => 0)
  processor.watchOpen(() => 0)
  pong.watchSessions(() => ({ open: 0, settled: 0 }))
  semaphore.watchState(never, never)
  const found = [server, processor, pong, semaphore].map(({ registry }) => registry).flatMap(registry => registry.getMetricsAsArray())
  return new Map(
    found.flatMap(({ name, ...metric }) => {
      const labels = 'labelNames' in metric ? (metric.labelNames as readonly string[]) : []
      return ['', '_bucket', '_sum', '_count'].map(suffix => [`${name}${suffix}`, labels] as const)
    }),
  )
}

function expressionsOf(resources: readonly Resource[]): readonly { readonly from: string; readonly expression: string }[] {
  const alerts = ofKind(resources, 'PrometheusRule').flatMap(({ spec }) =>
    (spec.groups ?? []).flatMap(({ rules = [] }) => rules.map(({ alert, expr }) => ({ from: `alert ${alert}`, expression: String(expr) }))),
  )
  const panels = ofKind(resources, 'ConfigMap')
    .filter(({ metadata }) => metadata.labels?.['grafana_dashboard'] !== undefined)
    .flatMap(({ data = {} }) => Object.entries(data).flatMap(([file, text]) => ofDashboard(file, JSON.parse(text) as JsonObject)))
  return [...alerts, ...panels]
}

function ofDashboard(file: string, value: Json, title = ''): readonly { readonly from: string; readonly expression: string }[] {
  if (Array.isArray(value)) return value.flatMap(item => ofDashboard(file, item, title))
  if (!isObject(value)) return []
  const nearest = typeof value['title'] === 'string' ? value['title'] : title
  return Object.entries(value).flatMap(([name, inner]) =>
    name === 'expr' && typeof inner === 'string'
      ? [{ from: `${file}, panel ${nearest}`, expression: inner }]
      : ofDashboard(file, inner, nearest),
  )
}
