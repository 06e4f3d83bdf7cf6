import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readSources } from '../layers/sources.ts'
import { functionLengths, misnamed, rings, spread, type Finding } from './figures.ts'

// `npm run grid`: prints figures about the program code. They are for information; lint and tests enforce the rules.

const FOLDERS = ['src', 'processor', 'pong', 'broker', 'local', 'bench', 'scripts']
const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const isOurs = (file: string): boolean => !file.startsWith('src/gen/')

const sources = readSources(FOLDERS).filter(({ file }) => isOurs(file))
const lines = sources.map(
  ({ file }) =>
    readFileSync(ROOT + file, 'utf8')
      .trimEnd()
      .split('\n').length,
)
const longest = sources[lines.indexOf(Math.max(...lines))]?.file ?? ''

// A linter that permits no lines in functions, no `any` and no default exports reports them all.
const { stdout } = spawnSync('npx', ['oxlint', '-c', 'test/grid/oxlint.json', '-f', 'json', ...FOLDERS], {
  cwd: ROOT,
  encoding: 'utf8',
  maxBuffer: 1 << 26,
})
const findings = (JSON.parse(stdout) as { diagnostics: Finding[] }).diagnostics.filter(({ filename }) => isOurs(filename))
const count = (rule: string): number => findings.filter(({ code }) => code.includes(rule)).length
const total = lines.reduce((sum, length) => sum + length, 0)
const otherwise = misnamed(sources)
const readers = sources.filter(({ code }) => /\bprocess\.env\b/.test(code)).map(({ file }) => file)

console.log(`files               ${spread(lines)} (${longest})
functions           ${spread(functionLengths(findings))}
any                 ${((count('no-explicit-any') * 1_000) / total).toFixed(2)} a thousand lines (${total} lines)
default exports     ${count('no-default-export')}
named by an export  ${sources.length - otherwise.length} of ${sources.length}; not ${otherwise.join(', ')}
read process.env    ${readers.join(', ')}
rings of imports    ${rings(FOLDERS, sources).join(', ') || 'none'}`)
