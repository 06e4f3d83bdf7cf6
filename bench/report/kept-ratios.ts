import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ratio, renderTable } from '../table.ts'
import type { Figures } from './figures.ts'
import { ratiosOf, type Ratio } from './ratios.ts'

/** The ratios that are committed. */
export const COMMITTED = fileURLToPath(new URL('../ratios.json', import.meta.url))

/** The ratios of a run with which later runs are compared. */
export interface KeptRatios {
  /** When that run began, ISO 8601. */
  readonly at: string
  readonly broker: string
  readonly cache: string
  readonly ratios: readonly Ratio[]
}

/** How a ratio differs from the committed one. */
export interface Change {
  readonly what: string
  readonly was: number
  /** Undefined when this run did not measure it. */
  readonly is: number | undefined
  /** By which share it is better (positive) or worse. */
  readonly gain: number | undefined
  /** The noise of both runs together. */
  readonly noise: number
  readonly verdict: 'worse' | 'better' | 'the same' | 'not measured'
}

/** Writes a run's ratios, to commit them. */
export function keepRatios(file: string, figures: Figures): void {
  const { at, machine } = figures
  const kept: KeptRatios = { at, broker: machine.broker, cache: machine.cache, ratios: ratiosOf(figures).map(rounded) }
  writeFileSync(file, `${JSON.stringify(kept, undefined, 2)}\n`)
}

const DIGITS = 3

function rounded({ value, noise, ...rest }: Ratio): Ratio {
  return { ...rest, value: Number(value.toPrecision(DIGITS)), noise: Number(noise.toPrecision(DIGITS)) }
}

/** Throws an Error that says what to do if the file does not exist. */
export function readRatios(file: string): KeptRatios {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as KeptRatios
  } catch (cause) {
    throw new Error(`${file}: expected ratios that a run with --keep has written (${(cause as Error).message})`, { cause })
  }
}

/** Compares each committed ratio with that of this run: it is worse if it fell by more than the noise of both. */
export function compareRatios(kept: readonly Ratio[], now: readonly Ratio[]): readonly Change[] {
  return kept.map(({ what, better, value: was, noise: noiseBefore }) => {
    const found = now.find(each => each.what === what)
    const noise = Math.hypot(noiseBefore, found?.noise ?? 0)
    if (found === undefined) return { what, was, is: undefined, gain: undefined, noise, verdict: 'not measured' }
    const gain = better === 'more' ? found.value / was - 1 : was / found.value - 1
    // A loss is the share that would be needed to regain it: a half is as far away as a double.
    const loss = better === 'more' ? was / found.value - 1 : found.value / was - 1
    return { what, was, is: found.value, gain, noise, verdict: loss > noise ? 'worse' : gain > noise ? 'better' : 'the same' }
  })
}

export function hasFallen(changes: readonly Change[]): boolean {
  return changes.some(({ verdict }) => verdict === 'worse')
}

/** True if this run measured none of the committed ratios. */
export function isEmpty(changes: readonly Change[]): boolean {
  return changes.every(({ verdict }) => verdict === 'not measured')
}

export function renderChanges(
  { at, ...kept }: KeptRatios,
  changes: readonly Change[],
  parts: Pick<KeptRatios, 'broker' | 'cache'>,
): string {
  const share = (value: number | undefined): string => (value === undefined ? '–' : `${(value * 100).toFixed(0)} %`)
  const table = renderTable(
    [
      { title: `ratio, against those of ${at.slice(0, 10)}`, cell: each => each.what },
      { title: 'was', cell: each => ratio(each.was) },
      { title: 'is', cell: each => ratio(each.is) },
      { title: 'gain', cell: each => share(each.gain) },
      { title: 'noise', cell: each => share(each.noise) },
      { title: '', cell: each => (each.verdict === 'worse' ? 'WORSE' : each.verdict) },
    ],
    changes,
  )
  const worse = changes.filter(({ verdict }) => verdict === 'worse').length
  const others =
    kept.broker === parts.broker && kept.cache === parts.cache
      ? ''
      : `\nwith other parts than this run: ${kept.broker}, ${kept.cache}; ratios with a part in them are not comparable`
  return `${table}\n\n${worse === 0 ? 'none fell by more than the noise' : `${worse} of ${changes.length} fell by more than the noise`}${others}`
}
