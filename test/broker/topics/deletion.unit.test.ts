import { describe, expect, test } from 'vitest'
import type { Folder } from '../../../broker/log/folder.ts'
import { memoryFolder } from '../../../broker/log/memory-folder.ts'
import { Topics } from '../../../broker/topics/topics.ts'
import { batchOf, SETTINGS } from '../log/log-fixture.ts'

function open(folder: Folder): { topics: Topics; failures: string[]; notified: string[] } {
  const failures: string[] = []
  const notified: string[] = []
  const topics = Topics.open({
    folder,
    logSettings: () => SETTINGS,
    defaultPartitions: 1,
    now: () => Date.now(),
    failed: (_, what) => failures.push(what),
  })
  topics.onDelete(name => notified.push(name))
  return { topics, failures, notified }
}

/** A folder in memory from which nothing can be removed for a while. */
class StickyFolder implements Folder {
  readonly #folder = memoryFolder()
  isSticky = false
  open = (name: string) => this.#folder.open(name)
  names = () => this.#folder.names()
  folder = (name: string) => this.#folder.folder(name)
  readWhole = (name: string) => this.#folder.readWhole(name)
  replace = (name: string, content: Buffer | string) => this.#folder.replace(name, content)

  remove(name: string): void {
    if (this.isSticky) throw new Error('EIO')
    this.#folder.remove(name)
  }
}

describe('a deleted topic whose files cannot be removed', () => {
  test('does not exist any more, and a later topic of the same name has none of its records', () => {
    const folder = new StickyFolder()
    const { topics, failures, notified } = open(folder)
    topics.create('a').partitions[0]!.append(batchOf())
    folder.isSticky = true
    topics.delete(topics.get('a')!)
    expect(topics.get('a')).toBeUndefined()
    expect(failures).toEqual(['could not remove the files of the deleted topic a'])
    expect(() => topics.create('a')).toThrow('EIO')
    folder.isSticky = false
    expect(topics.create('a').partitions[0]!.endOffset).toBe(0n)
    expect(notified).toEqual(['a', 'a', 'a'])
  })

  test('is removed at the next start, and every listener is notified', () => {
    const folder = new StickyFolder()
    const before = open(folder).topics
    before.create('a')
    folder.isSticky = true
    before.delete(before.get('a')!)
    folder.isSticky = false
    const { topics, notified } = open(folder)
    topics.finishDeletions()
    expect(notified).toEqual(['a'])
    expect(folder.names()).not.toContain('a-0')
    const again = open(folder)
    again.topics.finishDeletions()
    expect(again.notified).toEqual([])
  })
})

describe('a folder that belongs to no listed topic', () => {
  test('is not reused by a new topic', () => {
    const folder = memoryFolder()
    const { topics } = open(folder)
    topics.create('b')
    const list = folder.readWhole('topics.json')!
    const stray = topics.create('a').partitions[0]!
    stray.append(batchOf())
    stray.close()
    folder.replace('topics.json', list)
    expect(open(folder).topics.create('a').partitions[0]!.endOffset).toBe(0n)
  })
})
