import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { defines, hopsOf, textOf, type Hop } from './hops.ts'

const ROOT = new URL('../../', import.meta.url)

const WAYS = [
  {
    way: 'ping',
    minHops: 40,
    rooms: ['src/transport/http/', 'src/server/recorder/', 'src/ledger/', 'src/relay/', 'processor/', 'src/counters/'],
  },
  { way: 'round trip', minHops: 20, rooms: ['src/cli/rtt/', 'src/kafka/', 'pong/machines/', 'pong/driver/', 'pong/replies/'] },
  {
    way: 'command',
    minHops: 20,
    rooms: ['intake', 'rest', 'rpc', 'calls', 'steps', 'store', 'leases', 'relay'].map(room => `semaphore/${room}/`),
  },
]

describe.each(WAYS)('the way of one $way in docs/architecture.md', ({ way, minHops, rooms }) => {
  const [, section = ''] = textOf('docs/architecture.md').split(`## The way of one ${way}\n`)
  const hops = hopsOf(section.split(/^## /m)[0] ?? '')

  test('has a list of functions in all of its rooms', () => {
    expect(hops.length).toBeGreaterThan(minHops)
    for (const room of rooms)
      expect(
        hops.some(({ file }) => file.startsWith(room)),
        room,
      ).toBe(true)
  })

  test('names only functions that their files define (else: correct the page)', () => expect(missingOf(hops)).toEqual([]))
})

test('docs/semaphore.md names only functions that their files define (else: correct the page)', () => {
  const hops = hopsOf(textOf('docs/semaphore.md'))
  expect(hops.filter(({ name }) => name !== undefined).length).toBeGreaterThan(5)
  expect(missingOf(hops)).toEqual([])
})

function missingOf(hops: readonly Hop[]): readonly string[] {
  return hops
    .filter(({ file, name }) => !existsSync(new URL(file, ROOT)) || (name !== undefined && !defines(textOf(file), name)))
    .map(({ file, name }) => `${file}:${name}`)
}

describe('the search for a definition', () => {
  test.each([
    ['export async function take(a: number): Promise<void> {', 'take'],
    ['class A {\n  async #take(a: number): Promise<void> {', '#take'],
    ['class A {\n  get(fresh: boolean): Promise<T> {', 'get'],
    ['class A {\n  async look<T extends object>(\n    read: number,\n  ): Promise<T> {', 'look'],
    ['create or replace function ping_take(\n', 'ping_take'],
  ])('finds one in %j', (text, name) => expect(defines(text, name)).toBe(true))

  test.each([
    ['await take(1)', 'take'],
    ['  await this.#take(1)\n  #taken(): void {', '#take'],
    ['  take(1)', 'take'],
    ['  take(1, () => {', 'take'],
    ['import { take } from "./a.ts"', 'take'],
    ['select ping_take($1)', 'ping_take'],
  ])('finds none in %j', (text, name) => expect(defines(text, name)).toBe(false))
})
