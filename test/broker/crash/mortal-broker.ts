import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { launchBroker } from '../../../local/launch/broker.ts'
import type { Child } from '../../../local/launch/child.ts'
import { wait } from '../../../src/runtime/wait.ts'
import { freePort } from '../../support/free-port.ts'

const MAIN = join(import.meta.dirname, '..', '..', '..', 'broker', 'main.js')

/** Ping's broker as a process that is killed and restarted on the same port and folder. */
export class MortalBroker {
  readonly port: number
  readonly folder: string
  readonly #settings: Readonly<Record<string, string | number>>
  #child: Child | undefined
  /** How long each whole start took, in ms. */
  readonly startsMs: number[] = []

  private constructor(port: number, settings: Readonly<Record<string, string | number>>) {
    this.port = port
    this.folder = mkdtempSync(join(tmpdir(), 'ping-test-crash-'))
    this.#settings = settings
  }

  static async create(settings: Readonly<Record<string, string | number>>): Promise<MortalBroker> {
    const broker = new MortalBroker(await freePort(), settings)
    // Node saves its compile cache when a program ends normally: without it all later starts would be slow.
    await broker.#launch()
    await broker.#child?.stop()
    await broker.start()
    return broker
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  async start(): Promise<void> {
    const startedAt = performance.now()
    await this.#launch()
    this.startsMs.push(performance.now() - startedAt)
  }

  /** Starts it and kills it after this time, whether it is ready by then or not. */
  async startAndDie(lifeMs: number): Promise<void> {
    let dead: Promise<unknown> | undefined
    await this.#launch(child => {
      dead = wait(lifeMs).then(() => child.kill9())
    }).catch(() => undefined)
    await dead
  }

  async kill9(): Promise<void> {
    await this.#child?.kill9()
  }

  /** How it ended by itself, which it must not; undefined if it did not. */
  get end(): string | undefined {
    const exit = this.#child?.exit()
    return exit && exit.signal !== 'SIGKILL' ? `${JSON.stringify(exit)} ${this.#child?.tail().join('\n')}` : undefined
  }

  async stop(): Promise<void> {
    await this.#child?.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }

  async #launch(onSpawn?: (child: Child) => void): Promise<void> {
    this.#child = await launchBroker({
      main: MAIN,
      port: this.port,
      dataDir: this.folder,
      settings: this.#settings,
      onSpawn: child => {
        this.#child = child
        onSpawn?.(child)
      },
    })
  }
}
