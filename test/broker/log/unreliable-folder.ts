import { ASIDE_SUFFIX, TornFileError, type Folder, type LogFile, type ReplaceOptions } from '../../../broker/log/folder.ts'
import type { Random } from '../../support/random.ts'

/** The machine stopped in the middle of a call. Later calls have no effect. */
export class Stopped extends Error {}

export type Operation = 'open' | 'append' | 'read' | 'truncate' | 'sync' | 'replace' | 'remove' | 'cut back'

export interface Trouble {
  /** The error with which an operation fails. */
  fails?: (operation: Operation, name: string) => Error | undefined
  /** The machine stops at the coming modifying operation with this number. */
  stopsIn?: number
}

interface Content {
  live: Buffer
  synced: Buffer
}

/**
 * A folder in memory that tracks what is on disk. It can fail, stop half-way, and lose everything unsynced
 * at a power cut: the ends of files, their names, and the removal of names.
 */
export class UnreliableFolder implements Folder {
  readonly #random: Random
  #live = new Map<string, Content>()
  /** The state of the folder after each change of a name since the last sync. File systems keep that order. */
  #past = [new Map<string, Content>()]
  #isStopped = false
  trouble: Trouble = {}

  constructor(random: Random) {
    this.#random = random
  }

  /** Restarts the machine. After a power cut only synced content is certain to exist. */
  restart({ powerCut }: { readonly powerCut: boolean }): void {
    this.#isStopped = false
    this.trouble = {}
    if (!powerCut) return
    const names = [...this.#random.pick([...this.#past, this.#live])]
    this.#live = new Map(names.map(([name, content]) => [name, this.#afterPowerCut(content)]))
    this.#synced()
  }

  #synced(): void {
    this.#past = [new Map(this.#live)]
  }

  #rename(change: () => void): void {
    change()
    this.#past.push(new Map(this.#live))
  }

  /** Unsynced content survives up to some byte, perhaps as zeros. */
  #afterPowerCut({ live, synced }: Content): Content {
    const isGrown = live.length >= synced.length && live.subarray(0, synced.length).equals(synced)
    if (!isGrown) return this.#random.next() < 0.5 ? { live, synced: live } : { live: synced, synced }
    const kept = Buffer.from(live.subarray(0, this.#random.between(synced.length, live.length + 1)))
    if (this.#random.next() < 0.3) kept.fill(0, this.#random.between(synced.length, kept.length + 1))
    return { live: kept, synced: kept }
  }

  /** True if the machine stops now. */
  #step(operation: Operation, name: string): boolean {
    if (this.#isStopped) throw new Stopped()
    const error = this.trouble.fails?.(operation, name)
    if (error) throw error
    if (this.trouble.stopsIn === undefined || this.trouble.stopsIn-- > 0) return false
    this.#isStopped = true
    return true
  }

  #changing(operation: Operation, name: string, change: () => void): void {
    const isLast = this.#step(operation, name)
    // Stops before or after the operation.
    if (!isLast || this.#random.next() < 0.5) change()
    if (isLast) throw new Stopped()
  }

  open(name: string): LogFile {
    if (!this.#live.has(name))
      this.#changing('open', name, () => this.#rename(() => this.#live.set(name, { live: Buffer.alloc(0), synced: Buffer.alloc(0) })))
    else if (this.#isStopped) throw new Stopped()
    const content = this.#live.get(name)!
    return {
      get size() {
        return content.live.length
      },
      append: pieces => this.#append(name, content, Buffer.concat(pieces)),
      read: (position, length) => {
        this.#refuse('read', name)
        return content.live.subarray(position, position + length)
      },
      truncate: size => this.#changing('truncate', name, () => (content.live = content.live.subarray(0, size))),
      sync: () =>
        this.#changing('sync', name, () => {
          content.synced = content.live
          this.#synced()
        }),
      close: () => {},
    }
  }

  #refuse(operation: Operation, name: string): void {
    const error = this.#isStopped ? new Stopped() : this.trouble.fails?.(operation, name)
    if (error) throw error
  }

  #append(name: string, content: Content, bytes: Buffer): void {
    const before = content.live
    const part = (): void => {
      const written = this.#random.next() < 0.3 ? bytes.length : this.#random.between(0, bytes.length)
      content.live = Buffer.concat([before, bytes.subarray(0, written)])
    }
    try {
      if (this.#step('append', name)) {
        part()
        throw new Stopped()
      }
    } catch (error) {
      if (error instanceof Stopped) throw error
      part()
      const torn = this.trouble.fails?.('cut back', name)
      if (torn) throw new TornFileError(String(torn), { cause: error })
      content.live = before
      throw error
    }
    content.live = Buffer.concat([before, bytes])
  }

  names(): string[] {
    if (this.#isStopped) throw new Stopped()
    return [...this.#live.keys()]
  }

  folder(): Folder {
    throw new Error('a log has no folders')
  }

  remove(name: string): void {
    if (this.#live.has(name)) this.#changing('remove', name, () => this.#rename(() => this.#live.delete(name)))
  }

  readWhole(name: string): Buffer | undefined {
    if (this.#isStopped) throw new Stopped()
    const content = this.#live.get(name)
    return content && Buffer.from(content.live)
  }

  replace(name: string, bytes: Buffer | string, { mayBeLost = false }: ReplaceOptions = {}): void {
    const content = Buffer.from(bytes)
    const isLast = this.#step('replace', name)
    const outcome = isLast ? this.#random.pick(['nothing', 'aside', 'unsynced', 'done']) : 'done'
    if (mayBeLost && (outcome === 'unsynced' || outcome === 'done')) {
      this.#rename(() => this.#live.set(name, { live: content, synced: Buffer.alloc(0) }))
      if (isLast) throw new Stopped()
      return
    }
    if (outcome === 'aside')
      this.#live.set(name + ASIDE_SUFFIX, { live: content.subarray(0, this.#random.between(0, content.length)), synced: Buffer.alloc(0) })
    if (outcome === 'unsynced' || outcome === 'done') this.#rename(() => this.#live.set(name, { live: content, synced: content }))
    if (outcome === 'done') this.#synced()
    if (isLast) throw new Stopped()
  }
}
