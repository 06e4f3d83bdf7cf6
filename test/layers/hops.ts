import { readFileSync } from 'node:fs'

const ROOT = new URL('../../', import.meta.url)

/** The text of a file, by its path from the root. */
export function textOf(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8')
}

/** A place in the code as a page names it: `file`, or `file:function`. */
export interface Hop {
  readonly file: string
  /** A function, a method (with its # if it is private) or an SQL function. */
  readonly name: string | undefined
}

/** The places that a page names in backticks, with a file's ending. */
export function hopsOf(page: string): readonly Hop[] {
  return [...page.matchAll(/`((?:[\w.-]+\/)+[\w.-]+\.(?:ts|js|sql|lua|proto))(?::(#?\w+))?`/g)].map(([, file = '', name]) => ({
    file,
    name,
  }))
}

/** True if a text defines a function, a method or a class of that name: a call alone does not count. */
export function defines(text: string, name: string): boolean {
  const kinds = [
    `^export (?:async )?function \\*?${name}\\b`,
    `^(?:async )?function \\*?${name}\\b`,
    `^(?:export )?class ${name}\\b`,
    `^  (?:static |async |get )*${name}(?:<[^(]*>)?\\(.*\\)(?:: .+)? \\{$`,
    `^  (?:static |async )*${name}(?:<[^(]*>)?\\($`,
    `function [\\w.@]*\\b${name}\\(`,
  ]
  return kinds.some(kind => new RegExp(kind, 'm').test(text))
}
