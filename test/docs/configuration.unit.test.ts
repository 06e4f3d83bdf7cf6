import { globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { renderPage } from '../../scripts/configuration/page.ts'
import { SECTIONS } from '../../scripts/configuration/sections.ts'

const ROOT = new URL('../../', import.meta.url)

describe('docs/configuration.md', () => {
  test('is fresh (else: npm run docs:configuration)', () => {
    expect(readFileSync(new URL('docs/configuration.md', ROOT), 'utf8')).toBe(renderPage())
  })

  test('holds every setting that a settings file of the code declares', () => {
    const files = globSync('{src,processor,pong,semaphore,local,broker,bench}/**/settings.ts', { cwd: ROOT.pathname }).filter(
      file => file !== 'src/runtime/settings.ts',
    )
    expect(files).toEqual(
      expect.arrayContaining(['src/server/settings.ts', 'processor/settings.ts', 'src/cli/settings.ts', 'local/settings.ts']),
    )
    const declared = files.flatMap(file =>
      [
        ...readFileSync(new URL(file, ROOT), 'utf8').matchAll(/(?:integer|text|choice|flag|list|port)\('([A-Z_]+)'|env: '([A-Z_]+)',\n/g),
      ].map(match => match[1] ?? match[2]),
    )
    expect(declared.length).toBeGreaterThan(40)
    const described = new Set(SECTIONS.flatMap(section => section.settings).map(setting => setting.env))
    expect(declared.filter(env => !described.has(env ?? ''))).toEqual([])
  })

  test('names no setting twice in one table, and each with its expectation and purpose', () => {
    for (const { settings } of SECTIONS) {
      expect(settings.length).toBeGreaterThan(0)
      expect(new Set(settings.map(setting => setting.env)).size).toBe(settings.length)
      for (const { help, expected } of settings) {
        expect(help).toMatch(/^[A-Z].*\.$/)
        expect(expected).not.toBe('')
      }
    }
  })

  test('shows no value of a secret', () => {
    for (const setting of SECTIONS.flatMap(section => section.settings)) if (setting.secret) expect(setting.fallback).toBeUndefined()
  })
})
