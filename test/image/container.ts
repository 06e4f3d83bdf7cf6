import { readFileSync } from 'node:fs'
import type { ContainerStore } from './container-store.ts'
import type { CommandResult } from './run-command.ts'

/** As the manifests run it: the root folder read-only and no other, no capability, no way to more rights. */
const RESTRICTED = ['--read-only', '--read-only-tmpfs=false', '--cap-drop', 'all', '--security-opt', 'no-new-privileges']
/** Without the limits runc would ask for more than this user may have. */
const LIMITS = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=4096:4096']
export const MEMORY_MIB = 256
/** Podman kills after that; no program of ours may need it. */
const STOP_LIMIT_S = 60

export interface ContainerOptions {
  readonly image: string
  readonly env?: Readonly<Record<string, string>>
  /** For Node, instead of the image's own. */
  readonly args?: readonly string[]
  /** As `skaffold dev` runs it, which copies files into it. */
  readonly isWritable?: boolean
  readonly flags?: readonly string[]
}

/** A container that runs on the machine's own network. */
export class Container {
  readonly #store: ContainerStore
  readonly #id: string

  constructor(store: ContainerStore, id: string) {
    this.#store = store
    this.#id = id
  }

  static async start(store: ContainerStore, options: ContainerOptions): Promise<Container> {
    return new Container(store, await store.podman('run', '--detach', ...argumentsOf(store, options)))
  }

  /** What Node prints for an expression inside the container. */
  async evaluate(expression: string): Promise<string> {
    return (await this.exec(['node', '--print', expression])).stdout.trim()
  }

  exec(command: readonly string[], input?: Buffer): Promise<CommandResult> {
    return this.#store.tryPodman(['exec', ...(input ? ['--interactive'] : []), this.#id, ...command], input)
  }

  /** What the kernel says of its first process, by name. */
  async status(): Promise<ReadonlyMap<string, string>> {
    const pid = await this.#store.podman('inspect', '--format', '{{.State.Pid}}', this.#id)
    const lines = readFileSync(`/proc/${pid}/status`, 'utf8').split('\n')
    return new Map(
      lines.map(line => [
        line.split(':')[0] ?? '',
        line
          .slice(line.indexOf(':') + 1)
          .trim()
          .replaceAll('\t', ' '),
      ]),
    )
  }

  async log(): Promise<string> {
    const { stdout, stderr } = await this.#store.tryPodman(['logs', this.#id])
    return stdout + stderr
  }

  /** SIGTERM, as Kubernetes does it. */
  async stop(): Promise<{ readonly exitCode: number; readonly tookMs: number }> {
    const began = performance.now()
    await this.#store.podman('stop', '--time', String(STOP_LIMIT_S), this.#id)
    const tookMs = Math.round(performance.now() - began)
    return { exitCode: Number(await this.#store.podman('inspect', '--format', '{{.State.ExitCode}}', this.#id)), tookMs }
  }
}

/** Runs a container to its end. */
export function runContainer(store: ContainerStore, options: ContainerOptions): Promise<CommandResult> {
  return store.tryPodman(['run', '--rm', ...argumentsOf(store, options)])
}

function argumentsOf(
  { cgroup }: ContainerStore,
  { image, env = {}, args = [], isWritable = false, flags = [] }: ContainerOptions,
): readonly string[] {
  const settings = Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`])
  const place = ['--pull', 'never', '--network', 'host', '--cgroup-parent', cgroup, '--memory', `${MEMORY_MIB}m`]
  const rights = isWritable ? RESTRICTED.filter(flag => !flag.startsWith('--read-only')) : RESTRICTED
  return [...place, ...LIMITS, ...rights, ...flags, ...settings, image, ...args]
}
