import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Child } from '../../local/launch/child.ts'
import { freePort } from '../../local/launch/free-port.ts'
import { launch, type Contender } from '../parts/brokers.ts'
import type { Run } from '../run-and-exit.ts'
import { compare, inTurns, type Comparison } from './comparison.ts'
import { firstAnswer } from './first-answer.ts'

const LIMIT_MS = 90_000

/** A running broker, and how long it took from the start of its process until it answered. */
export interface Started {
  readonly port: number
  readonly child: Child
  readonly tookMs: number
}

export interface StartOptions {
  readonly dataDir: string
  readonly isCold?: boolean
  readonly profileDir?: string | undefined
}

/** Starts a broker on a free port and stops the clock at its first answer. */
export async function start({ teardown }: Run, contender: Contender, options: StartOptions): Promise<Started> {
  const port = await freePort()
  const { promise: took, resolve, reject } = Promise.withResolvers<number>()
  const limit = AbortSignal.timeout(LIMIT_MS)
  const onSpawn = (child: Child): void => {
    const bornAt = performance.now()
    teardown.add(() => child.stop())
    firstAnswer(port, limit).then(() => resolve(performance.now() - bornAt), reject)
  }
  const [child, tookMs] = await Promise.all([launch(contender, { ...options, port, onSpawn }), took])
  return { port, child, tookMs }
}

export const COLD = 'first start, empty folder'
export const WARM = 'further start, the same folder'

/** Starts each broker twice per round: as after an installation, and again. */
export async function measureStartUp(run: Run, rounds: number): Promise<readonly Comparison[]> {
  const measured = await inTurns(rounds, async (contender, round) => {
    run.progress(`start-up ${round + 1}/${rounds}: ${contender}`)
    const dataDir = temporaryFolder(run)
    const cold = await startAndStop(run, contender, { dataDir, isCold: true })
    const warm = await startAndStop(run, contender, { dataDir })
    rmSync(dataDir, { recursive: true, force: true })
    return { cold, warm }
  })
  const pick = (which: 'cold' | 'warm') => ({
    ours: measured.ours.map(each => each[which]),
    apache: measured.apache.map(each => each[which]),
  })
  return [compare(COLD, pick('cold')), compare(WARM, pick('warm'))].filter(each => each !== undefined)
}

/** How long the start took, in ms. */
export async function startAndStop(run: Run, contender: Contender, options: StartOptions): Promise<number> {
  const { child, tookMs } = await start(run, contender, options)
  await child.stop()
  return tookMs
}

export function temporaryFolder({ teardown }: Run): string {
  const path = mkdtempSync(join(tmpdir(), 'ping-bench-broker-'))
  teardown.add(() => rmSync(path, { recursive: true, force: true }))
  return path
}
