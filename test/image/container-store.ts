import { globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { wait } from '../../src/runtime/wait.ts'
import { runCommand, expectSuccess, type CommandOptions, type CommandResult } from './run-command.ts'

/** Ignored by git. On the disk: images do not fit into a folder for temporary files that is in memory. */
const HOME = join(import.meta.dirname, '..', '..', '.oci')
/** The first options of both tools; overlay is the fast driver. */
const DRIVER = ['--storage-driver', 'overlay']
/** What works as root without systemd. */
const PODMAN = ['--runtime', 'runc', '--cgroup-manager', 'cgroupfs', '--events-backend', 'file']

/** Images and containers in a separate folder, not among those of this machine. */
export class ContainerStore {
  readonly folder: string
  /** Above the groups of the containers, by which the kernel limits them. */
  readonly cgroup: string
  readonly #places: readonly string[]

  private constructor(folder: string) {
    this.folder = folder
    this.cgroup = `/ping-${basename(folder)}`
    this.#places = [...DRIVER, '--root', join(folder, 'images'), '--runroot', join(folder, 'run')]
  }

  /** A new, empty one. Removes what runs that were killed have left. */
  static async open(): Promise<ContainerStore> {
    mkdirSync(HOME, { recursive: true })
    for (const name of readdirSync(HOME)) if (!isAlive(name)) await new ContainerStore(join(HOME, name)).close()
    const store = new ContainerStore(mkdtempSync(join(HOME, `${process.pid}-`)))
    mkdirSync(store.#temporary)
    return store
  }

  buildah(...args: string[]): Promise<string> {
    return expectSuccess('buildah', [...this.#places, ...args], this.#options())
  }

  podman(...args: string[]): Promise<string> {
    return expectSuccess('podman', [...this.#podmanOptions(), ...args], this.#options())
  }

  /** Resolves with any exit code. */
  tryPodman(args: readonly string[], input?: Buffer): Promise<CommandResult> {
    return runCommand('podman', [...this.#podmanOptions(), ...args], this.#options(input))
  }

  /** Ends the containers and removes all that was in the store, mounts and groups of the kernel too. */
  async close(): Promise<void> {
    await this.tryPodman(['rm', '--force', '--all', '--time', '0'])
    for (const folder of foldersOf(`/sys/fs/cgroup{,/*}${this.cgroup}{,/*}`).toReversed()) await soon(() => rmdirSync(folder))
    await soon(async () => {
      for (const path of mountsBelow(this.folder)) await expectSuccess('umount', [path])
      rmSync(this.folder, { recursive: true, force: true })
    })
  }

  get #temporary(): string {
    return join(this.folder, 'temporary')
  }

  #podmanOptions(): readonly string[] {
    return [...this.#places, ...PODMAN, '--tmpdir', join(this.folder, 'podman')]
  }

  /** Buildah keeps npm's cache in the folder for temporary files. */
  #options(input?: Buffer): CommandOptions {
    return { env: { TMPDIR: this.#temporary }, ...(input && { input }) }
  }
}

/** A container that was just ended may need a moment: its processes leave their group, and podman's clean-up mounts the store once more. */
async function soon(remove: () => void | Promise<void>): Promise<void> {
  for (let triesLeft = 50; ; triesLeft--) {
    try {
      return await remove()
    } catch (error) {
      if (triesLeft === 0) throw error
      await wait(100)
    }
  }
}

/** A store's name begins with the process that made it. */
function isAlive(name: string): boolean {
  try {
    process.kill(Number.parseInt(name, 10), 0)
    return true
  } catch {
    return false
  }
}

/** Upper mounts before the ones below them. */
function foldersOf(pattern: string): readonly string[] {
  const folders = globSync(pattern, { withFileTypes: true }).filter(entry => entry.isDirectory())
  return folders.map(({ parentPath, name }) => join(parentPath, name)).toSorted()
}

/** The deepest first. */
function mountsBelow(folder: string): readonly string[] {
  const paths = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map(line => line.split(' ')[4] ?? '')
  return paths.filter(path => path.startsWith(`${folder}/`)).toReversed()
}
