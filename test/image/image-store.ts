import { join } from 'node:path'
import { BASE_IMAGE, buildBaseImage } from './base-image.ts'
import type { ContainerStore } from './container-store.ts'
import type { TARGETS } from './dockerfile-faults.ts'

export type Target = (typeof TARGETS)[number]

const ROOT = join(import.meta.dirname, '..', '..')
const MIB = 2 ** 20

/** What an image says of itself. */
export interface ImageFacts {
  readonly user: string
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  readonly ports: readonly string[]
  readonly sizeMib: number
}

export function imageName(target: Target): string {
  return `localhost/ping-${target}:test`
}

/** Builds a base and all targets upon it, and says how long each took and how large it is. */
export async function buildImages(store: ContainerStore, targets: readonly Target[]): Promise<void> {
  const base = await timed(() => buildBaseImage(store))
  const { sizeMib: baseMib } = await imageFacts(store, BASE_IMAGE)
  console.info(`base: ${baseMib} MiB, built in ${base} s`)
  for (const target of targets) {
    const seconds = await timed(() => buildTarget(store, target))
    const { sizeMib } = await imageFacts(store, imageName(target))
    console.info(`${target}: ${sizeMib} MiB, ${sizeMib - baseMib} of them on top of the base, built in ${seconds} s`)
  }
}

export async function imageFacts(store: ContainerStore, image: string): Promise<ImageFacts> {
  const [facts] = JSON.parse(await store.podman('image', 'inspect', image)) as [PodmanImage]
  const { User: user = '', Entrypoint: entrypoint = [], Cmd: command = [], ExposedPorts: ports = {} } = facts.Config
  return { user, entrypoint, command, ports: Object.keys(ports), sizeMib: Math.round(facts.Size / MIB) }
}

interface PodmanImage {
  readonly Size: number
  readonly Config: {
    readonly User?: string
    readonly Entrypoint?: readonly string[]
    readonly Cmd?: readonly string[]
    readonly ExposedPorts?: Readonly<Record<string, object>>
  }
}

async function buildTarget(store: ContainerStore, target: Target): Promise<void> {
  const isolation = ['--isolation', 'chroot', '--layers', '--pull-never']
  await store.buildah('bud', ...isolation, '--build-arg', `NODE_IMAGE=${BASE_IMAGE}`, '--target', target, '--tag', imageName(target), ROOT)
}

async function timed(build: () => Promise<void>): Promise<number> {
  const began = performance.now()
  await build()
  return Math.round((performance.now() - began) / 1_000)
}
