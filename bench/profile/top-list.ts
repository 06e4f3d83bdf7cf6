/** The parts of Node's .cpuprofile file that are used here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  /** The node that ran at each sample. */
  readonly samples: readonly number[]
  /** µs from the sample before, or the start. */
  readonly timeDeltas: readonly number[]
}

/** Where a program spends its CPU time: the own time of each function, without the functions that it calls. */
export interface TopList {
  /** How long it was not idle, in µs. */
  readonly busyUs: number
  readonly functions: readonly Spent[]
  /** The same by package, by folder of Ping, or by part of Node. */
  readonly packages: readonly Spent[]
}

export interface Spent {
  readonly what: string
  readonly us: number
}

const IDLE = '(idle)'

export interface TopListOptions {
  /** The project's folder, as a file URL. */
  readonly root: string
  /** The time after the beginning of the profile that is ignored, in µs: the program's start. */
  readonly skipUs?: number
  readonly length?: number
}

/** The functions and packages of a profile that cost most. */
export function topList({ nodes, samples, timeDeltas }: CpuProfile, { root, skipUs = 0, length = 20 }: TopListOptions): TopList {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const [functions, packages] = [new Map<string, number>(), new Map<string, number>()]
  let [busyUs, atUs] = [0, 0]
  for (const [index, id] of samples.entries()) {
    const frame = frames.get(id)
    const us = timeDeltas[index] ?? 0
    atUs += us
    if (frame === undefined || frame.functionName === IDLE || atUs <= skipUs) continue
    busyUs += us
    const file = frame.url.startsWith(`${root}/`) ? frame.url.slice(root.length + 1) : frame.url
    add(functions, functionOf(frame, file), us)
    add(packages, packageOf(frame.functionName, file), us)
  }
  return { busyUs, functions: most(functions, length), packages: most(packages, length) }
}

function functionOf({ functionName, lineNumber }: { functionName: string; lineNumber: number }, file: string): string {
  const name = functionName || '(anonymous)'
  if (file === '') return name
  const shown = file.replace(/^.*node_modules\//, '')
  return `${name} ${shown}${shown.startsWith('node:') ? '' : `:${lineNumber + 1}`}`
}

/** Node's own: garbage collection, functions in C++, modules in JavaScript. Others by package. Ping by folder. */
function packageOf(functionName: string, file: string): string {
  if (functionName === '(garbage collector)') return 'garbage collection'
  if (file === '') return functionName === '(program)' ? 'Node, outside of JavaScript' : 'Node, in C++'
  const node = /^node:(?:internal\/)?([\w]+)/.exec(file)
  if (node !== null) return `node:${node[1]}`
  const found = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)
  return found?.[1] ?? file.replace(/\/[^/]*$/, '')
}

function add(to: Map<string, number>, what: string, us: number): void {
  to.set(what, (to.get(what) ?? 0) + us)
}

function most(spent: ReadonlyMap<string, number>, length: number): readonly Spent[] {
  return [...spent]
    .map(([what, us]) => ({ what, us }))
    .toSorted((a, b) => b.us - a.us)
    .slice(0, length)
}
