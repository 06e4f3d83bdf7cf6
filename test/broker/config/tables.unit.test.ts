import { globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { acceptedKeys } from '../../../broker/config/accepted-keys.ts'
import { brokerKeys } from '../../../broker/config/broker-keys.ts'
import { expectedOf, fallbackOf, type Key } from '../../../broker/config/key.ts'
import { refusalOf } from '../../../broker/config/refused-keys.ts'
import { topicKeys } from '../../../broker/config/topic-keys.ts'

const keys: readonly Key[] = [...Object.values<Key>(brokerKeys), ...acceptedKeys]

describe('the tables of keys', () => {
  test('contain no key twice', () => expect(new Set(keys.map(({ name }) => name)).size).toBe(keys.length))

  test('have a default of the right type and one sentence of help for each key', () => {
    for (const key of [...keys, ...topicKeys.values()]) {
      if ('fallback' in key && key.fallback !== undefined) expect(() => fallbackOf(key), key.name).not.toThrow()
      expect(key.help, key.name).toMatch(/^[A-Za-z0-9].*\.$/)
      expect(expectedOf(key), key.name).not.toBe('')
    }
  })

  test('give each topic key a default, from broker keys that exist', () => {
    for (const { name, brokerKeys: sources, fallback } of topicKeys.values()) {
      expect(
        sources.every(({ key }) => keys.includes(key)),
        name,
      ).toBe(true)
      expect(sources.length > 0 || fallback !== undefined, name).toBe(true)
    }
  })

  test('refuse no supported key', () => {
    const refused = Object.values<Key>(brokerKeys).filter(({ name }) => refusalOf(name) !== undefined)
    expect(refused.map(({ name }) => name)).toEqual([])
  })

  test('list a key as supported only if something reads its value', () => {
    const root = new URL('../../../', import.meta.url)
    const code = globSync('broker/**/*.ts', { cwd: root.pathname })
      .filter(file => !/config\/(broker-keys|settings)\.ts$/.test(file))
      .map(file => readFileSync(new URL(file, root), 'utf8'))
      .join('\n')
    const byTopic = new Set([...topicKeys.values()].flatMap(({ brokerKeys: sources }) => sources.map(({ key }) => key.name)))
    const unread = Object.entries<Key>(brokerKeys).filter(
      ([field, { name }]) => !byTopic.has(name) && !new RegExp(`\\b${field}\\b`).test(code),
    )
    expect(unread.map(([, { name }]) => name)).toEqual([])
  })
})
