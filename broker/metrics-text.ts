/** One metric with all its samples. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly samples: readonly Sample[]
}

type Labels = Readonly<Record<string, string>>
/** Labels, value, and a suffix for the name of the family. */
type Sample = readonly [labels: Labels, value: number, suffix?: string]

interface Observed {
  readonly count: number
  readonly seconds: number
  readonly buckets: readonly number[]
}

const PREFIX = 'ping_broker_'

export function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name: PREFIX + name, help, type: 'counter', samples }
}

export function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name: PREFIX + name, help, type: 'gauge', samples }
}

/** `bounds`: the upper bounds of all buckets except the last, which has no bound. */
export function histogram(
  name: string,
  help: string,
  bounds: readonly number[],
  observed: readonly (readonly [Labels, Observed])[],
): Family {
  const samples = observed.flatMap(([labels, { count, seconds, buckets }]): Sample[] => {
    let below = 0
    const cumulated = bounds.map((bound, index): Sample => {
      below += buckets[index]!
      return [{ ...labels, le: String(bound) }, below, '_bucket']
    })
    return [...cumulated, [{ ...labels, le: '+Inf' }, count, '_bucket'], [labels, seconds, '_sum'], [labels, count, '_count']]
  })
  return { name: PREFIX + name, help, type: 'histogram', samples }
}

/** Prometheus' text format. */
export function metricsText(families: readonly Family[]): string {
  return families
    .map(
      ({ name, help, type, samples }) =>
        `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.map(sample => line(name, sample)).join('')}`,
    )
    .join('\n')
}

function line(name: string, [labels, value, suffix = '']: Sample): string {
  const shown = Object.entries(labels).map(([label, text]) => `${label}="${escape(text)}"`)
  return `${name}${suffix}${shown.length === 0 ? '' : `{${shown.join(',')}}`} ${value}\n`
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
