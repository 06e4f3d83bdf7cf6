import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { Line } from '../../src/runtime/line.ts'

interface Item {
  readonly name: string
}

function lineOf(names: string): { line: Line<Item>; items: readonly Item[] } {
  const line = new Line<Item>()
  const items = [...names].map(name => ({ name }))
  for (const item of items) line.add(item)
  return { line, items }
}

const namesIn = (line: Line<Item>) => [
  line
    .items()
    .map(({ name }) => name)
    .join(''),
  line.oldest?.name,
  line.size,
]

describe('a line', () => {
  test.each([
    ['', '', ['', undefined, 0]],
    ['abc', '', ['abc', 'a', 3]],
    ['abc', 'a', ['bc', 'b', 2]],
    ['abc', 'b', ['ac', 'a', 2]],
    ['abc', 'c', ['ab', 'a', 2]],
    ['abc', 'bca', ['', undefined, 0]],
    ['abc', 'acb', ['', undefined, 0]],
  ])('keeps the order of %j without %j', (all, leaving, expected) => {
    const { line, items } = lineOf(all)
    for (const name of leaving) expect(line.delete(items.find(item => item.name === name)!)).toBe(true)
    expect(namesIn(line)).toEqual(expected)
  })

  test('takes an object again, at its end, once it has left, and never twice', () => {
    const { line, items } = lineOf('abc')
    expect(() => line.add(items[1]!)).toThrow('line: the object is in a line already')
    line.delete(items[0]!)
    expect(line.delete(items[0]!)).toBe(false)
    line.add(items[0]!)
    expect(namesIn(line)).toEqual(['bca', 'b', 3])
  })

  test('keeps nothing that has left from the collector of young objects, even once earlier ones have got old', () => {
    const line = new Line<Load>()
    const waiting = Array.from({ length: 64 }, () => new Load())
    for (const load of waiting) line.add(load)
    collect()
    const before = oldBytes()
    let most = before
    for (let count = 1; count <= LOADS; count++) {
      const at = count % waiting.length
      line.delete(waiting[at]!)
      line.add((waiting[at] = new Load()))
      if (count % 500 === 0) most = Math.max(most, oldBytes())
    }
    expect(line.size).toBe(waiting.length)
    expect(most - before).toBeLessThan((LOADS * LOAD_BYTES) / 10)
  })
})

const LOADS = 50_000
const WORDS: readonly number[] = Array.from({ length: 100 }, () => 0)
const LOAD_BYTES = 8 * WORDS.length

/** What takes part of the heap. */
class Load {
  readonly words = WORDS.slice()
}

/** Collects all garbage. What is left is old. */
function collect(): void {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  gc()
  gc()
}

function oldBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')!.space_used_size
}
