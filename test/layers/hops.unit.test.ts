import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { defines, hopsOf, textOf } from './hops.ts'

const ROOT = new URL('../../', import.meta.url)

describe('the way of one ping in docs/architecture.md', () => {
  const [, way = ''] = textOf('docs/architecture.md').split('## The way of one ping\n')
  const hops = hopsOf(way.split(/^## /m)[0] ?? '')

  test('has a list of functions from the port to the count', () => {
    expect(hops.length).toBeGreaterThan(40)
    for (const room of ['src/transport/http/', 'src/server/recorder/', 'src/ledger/', 'src/relay/', 'processor/', 'src/counters/'])
      expect(
        hops.some(({ file }) => file.startsWith(room)),
        room,
      ).toBe(true)
  })

  test('names only functions that their files define (else: correct the page)', () => {
    const missing = hops.filter(
      ({ file, name }) => !existsSync(new URL(file, ROOT)) || (name !== undefined && !defines(textOf(file), name)),
    )
    expect(missing.map(({ file, name }) => `${file}:${name}`)).toEqual([])
  })
})

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
