/** The sum of all series of a metric in Prometheus' text format; 0 if there is none. */
export function readMetric(metrics: string, name: string): number {
  return metrics
    .split('\n')
    .filter(line => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}
